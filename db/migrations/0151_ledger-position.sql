-- Up Migration
set role sealdesk_owner;

-- The last entry of the erasure ledger that was carried out in this database. A backup that is put back has an earlier
-- one, and the server then carries out the entries that follow it before it serves.
create table sealdesk.ledger_position (
  only_row boolean primary key default true check (only_row),
  number bigint not null check (number >= 0),
  hash bytea not null check (length(hash) = 32)
);
grant select, insert (number, hash), update (number, hash) on sealdesk.ledger_position to sealdesk_app;

reset role;
