-- Up Migration

-- The owner of the tables is held to the policies too.
set role sealdesk_keystore_owner;
alter table keystore.keks force row level security;
alter table keystore.subject_keys force row level security;
alter table keystore.scope_keys force row level security;
reset role;
