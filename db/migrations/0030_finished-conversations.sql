-- Up Migration
set role sealdesk_owner;

-- A conversation is finished for a device when the device left it or it is closed, and the device has
-- acknowledged the last event that it may see. All rows of a conversation and a device are marked
-- together. What is finished is not listed when the device connects, so that the list does not grow
-- with every conversation that the device was ever in.
alter table sealdesk.member_devices add column finished boolean not null default false;
grant update (finished) on sealdesk.member_devices to sealdesk_app;
drop index sealdesk.member_devices_device_idx;
create index on sealdesk.member_devices (device, conversation);
create index member_devices_unfinished on sealdesk.member_devices (device, conversation)
  where not finished;

-- Whether the conversation is open, copied here so that a member's open conversations can be counted
-- in an index.
alter table sealdesk.members add column open boolean not null default true;
update sealdesk.members m set open = false
  from sealdesk.conversations c where c.id = m.conversation and c.state = 'closed';
grant update (open) on sealdesk.members to sealdesk_app;
create index members_open on sealdesk.members (user_id) where open and until_seq is null;

-- The open conversations that a user began.
create index conversations_open on sealdesk.conversations (created_by) where state = 'open';

reset role;
