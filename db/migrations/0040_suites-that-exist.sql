-- Up Migration
set role sealdesk_owner;

-- A suite that no device has would leave a conversation that nobody can read.
alter table sealdesk.conversations drop constraint conversations_suite_check,
  add constraint conversations_suite_check check (suite = 'signal-v1');

reset role;
