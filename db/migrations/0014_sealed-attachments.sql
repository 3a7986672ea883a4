-- Up Migration
set role sealdesk_owner;

-- The name of the key in the keystore that the stored bytes are encrypted under.
alter table sealdesk.attachments add column key_id uuid not null;

reset role;
