-- Up Migration
set role sealdesk_owner;

-- Asked for with every hello, revoked ones included.
create index on sealdesk.devices (user_id);
drop index sealdesk.devices_user_id_idx;

reset role;
