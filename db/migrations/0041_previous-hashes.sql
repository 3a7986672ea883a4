-- Up Migration
set role sealdesk_owner;

-- The transcript hash of the event before, or 32 zero bytes for the first event. Devices are told it with
-- every event. It is kept beside the event, so it is still there after the event before was removed, alone
-- or with its month.
alter table sealdesk.events add column previous_hash bytea not null;

reset role;
