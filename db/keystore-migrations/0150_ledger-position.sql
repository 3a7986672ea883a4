-- Up Migration

set role sealdesk_keystore_owner;

-- The last entry of the erasure ledger that was carried out in this keystore. It may be restored apart from the data.
create table keystore.ledger_position (
  only_row boolean primary key default true check (only_row),
  number bigint not null check (number >= 0),
  hash bytea not null check (length(hash) = 32)
);
grant select, insert (number, hash), update (number, hash) on keystore.ledger_position to sealdesk_keystore;

reset role;
