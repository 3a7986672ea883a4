-- Up Migration
set role sealdesk_owner;

-- The secret of a person's authenticator app (RFC 6238), sealed under the person's key. It counts once it is
-- confirmed with a code. `last_step` is the time step of the last code, so that no code serves twice.
create table sealdesk.totp_factors (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  secret bytea not null,
  created_at_ms bigint not null,
  confirmed_at_ms bigint,
  last_step bigint not null default 0,
  primary key (tenant, user_id),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id)
);

-- SHA-256 of each recovery code that was not used. A code is 80 random bits.
create table sealdesk.recovery_codes (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  code_hash bytea not null check (length(code_hash) = 32),
  primary key (tenant, user_id, code_hash),
  foreign key (tenant, user_id) references sealdesk.totp_factors (tenant, user_id) on delete cascade
);

-- When the person last proved the second factor in this session; null if they did not.
alter table sealdesk.sessions add column factor_at_ms bigint;
grant update (factor_at_ms) on sealdesk.sessions to sealdesk_app;

alter table sealdesk.totp_factors enable row level security, force row level security;
alter table sealdesk.recovery_codes enable row level security, force row level security;
create policy tenant on sealdesk.totp_factors using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.recovery_codes using (tenant = sealdesk.current_tenant());
grant select, insert, delete, update (secret, created_at_ms, confirmed_at_ms, last_step)
  on sealdesk.totp_factors to sealdesk_app;
grant select, insert, delete on sealdesk.recovery_codes to sealdesk_app;

reset role;
