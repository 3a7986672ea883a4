-- Up Migration
set role sealdesk_owner;

-- The device of the account that signed the list. Accounts sign a new list when they find none.
truncate sealdesk.device_lists;
alter table sealdesk.device_lists add column signed_by uuid not null;
grant update (signed_by) on sealdesk.device_lists to sealdesk_app;

reset role;
