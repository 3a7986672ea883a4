-- Up Migration
set role sealdesk_owner;

-- The logout tokens that a provider sent lately. A token serves once on all nodes, and a sign-in that was under
-- way while its token came opens no session.
create table sealdesk.provider_logouts (
  tenant uuid not null,
  provider uuid not null,
  -- SHA-256 of the token's `jti`.
  token bytea not null check (length(token) = 32),
  -- Whom the token names, as in `users.identity_index`, under each blind-index key; null for everybody in the session.
  identity_indexes bytea[],
  -- SHA-256 of the provider's `sid`; null for all sessions of the person.
  provider_session bytea check (length(provider_session) = 32),
  -- The token's `iat`, by the provider's clock.
  issued_at_ms bigint not null,
  received_at_ms bigint not null,
  primary key (tenant, provider, token),
  foreign key (tenant, provider) references sealdesk.identity_providers (tenant, id) on delete cascade,
  check (identity_indexes is not null or provider_session is not null)
);
alter table sealdesk.provider_logouts enable row level security, force row level security;
create policy tenant on sealdesk.provider_logouts using (tenant = sealdesk.current_tenant());
grant select, insert, delete on sealdesk.provider_logouts to sealdesk_app;

reset role;
