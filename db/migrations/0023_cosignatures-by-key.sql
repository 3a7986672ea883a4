-- Up Migration
set role sealdesk_owner;

-- A witness that has a new key and its old name cosigns the same head again.
alter table audit.cosignatures
  add column key_id bytea not null generated always as (substring(signature for 4)) stored,
  drop constraint cosignatures_pkey,
  add primary key (log, size, witness, key_id);

reset role;
