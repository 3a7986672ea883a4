-- Up Migration
set role sealdesk_owner;

-- The witnesses' signatures of heads (C2SP tlog-cosignature). They are stored in parts, so that every
-- row makes a well-formed line of the note.
create table audit.cosignatures (
  log uuid not null,
  size bigint not null,
  -- The name of the witness's key.
  witness text not null check (witness ~ '^[!-*,-~]{1,200}$'),
  -- Key id, time, Ed25519.
  signature bytea not null check (length(signature) = 76),
  -- A witness with a new key and its old name cosigns the same head again.
  key_id bytea not null generated always as (substring(signature for 4)) stored,
  primary key (log, size, witness, key_id),
  foreign key (log, size) references audit.checkpoints
);
-- Finds the newest head that each witness cosigned.
create index on audit.cosignatures (log, witness, size);

create trigger cosignatures_are_final before update or delete on audit.cosignatures
  for each row execute function audit.refuse_change();
create trigger cosignatures_stay before truncate on audit.cosignatures
  for each statement execute function audit.refuse_change();
alter table audit.cosignatures enable always trigger cosignatures_are_final;
alter table audit.cosignatures enable always trigger cosignatures_stay;

alter table audit.cosignatures enable row level security;
create policy tenant on audit.cosignatures for select to sealdesk_app
  using (log = sealdesk.current_tenant());
create policy keys on audit.cosignatures for select to sealdesk_app
  using (log = audit.key_log(sealdesk.current_tenant()));
create policy integrator on audit.cosignatures to sealdesk_integrator using (true);
grant select on audit.cosignatures to sealdesk_app;
grant select, insert on audit.cosignatures to sealdesk_integrator;

reset role;
