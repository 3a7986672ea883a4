-- Up Migration
set role sealdesk_owner;

-- Finds the last event of a conversation that is not a message. A receipt may not be signed before it.
create index events_changes on sealdesk.events (conversation, seq) where kind > 1;

reset role;
