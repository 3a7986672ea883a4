-- Up Migration
set role sealdesk_owner;

-- Programs that follow a tenant's audit log with a token, because they cannot make device proofs.
create table sealdesk.audit_monitors (
  tenant uuid not null references sealdesk.tenants,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- SHA-256 of the token, which is 256 random bits. The token is stored nowhere.
  token_hash bytea not null check (length(token_hash) = 32),
  created_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > created_at_ms),
  primary key (tenant, name)
);
alter table sealdesk.audit_monitors enable row level security, force row level security;
create policy tenant on sealdesk.audit_monitors using (tenant = sealdesk.current_tenant());
grant select on sealdesk.audit_monitors to sealdesk_app;

reset role;
