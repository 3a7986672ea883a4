-- Up Migration
set role sealdesk_owner;

-- The id of the keystore's key under which the stored bytes are encrypted.
alter table sealdesk.attachments add column key_id uuid not null;

reset role;
