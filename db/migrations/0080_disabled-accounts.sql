-- Up Migration
set role sealdesk_owner;

-- A disabled account has no session and no device, and nobody signs in to it.
alter table sealdesk.users add column disabled_at_ms bigint;

-- Connected devices of the account are closed on every node, whichever process disables it.
drop trigger roles_are_announced on sealdesk.users;
create trigger roles_are_announced after update of role, disabled_at_ms on sealdesk.users
  for each row when (
    old.role is distinct from new.role or old.disabled_at_ms is distinct from new.disabled_at_ms
  ) execute function sealdesk.announce_role();

-- The members of staff who left, for the desk, which gives their conversations to others. A row is written when an
-- account is disabled, and deleted when nothing is left to give away.
create table sealdesk.departures (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  at_ms bigint not null,
  primary key (tenant, user_id),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id)
);
alter table sealdesk.departures enable row level security, force row level security;
create policy tenant on sealdesk.departures using (tenant = sealdesk.current_tenant());
grant select, delete on sealdesk.departures to sealdesk_app;

-- Whoever disables an account as the owner removes its devices, which the key log records.
create policy owner_keys on audit.entries to sealdesk_owner
  using (tenant = audit.key_log(sealdesk.current_tenant()));

reset role;
