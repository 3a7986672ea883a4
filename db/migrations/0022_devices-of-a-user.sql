-- Up Migration
set role sealdesk_owner;

-- Read at every hello, including revoked devices.
create index on sealdesk.devices (user_id);
drop index sealdesk.devices_user_id_idx;

reset role;
