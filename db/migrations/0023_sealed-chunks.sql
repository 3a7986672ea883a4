-- Up Migration
set role sealdesk_owner;

alter table sealdesk.attachments
  -- Of this upload: with it another upload under the same id has another key.
  add column salt bytea not null check (length(salt) = 32),
  -- How far the upload has come: whole chunks that the store has for good, and what follows them, sealed.
  add column chunks integer not null default 0 check (chunks >= 0),
  add column tail bytea check (length(tail) between 29 and 65564),
  -- When the stored bytes were first found to be others than were sealed.
  add column damaged_at_ms bigint;
grant update (chunks, tail, damaged_at_ms) on sealdesk.attachments to sealdesk_app;

reset role;
