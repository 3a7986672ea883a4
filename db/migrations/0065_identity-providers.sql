-- Up Migration
set role sealdesk_owner;

-- The OpenID providers with which a tenant's staff sign in. The operator adds them.
create table sealdesk.identity_providers (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  issuer text not null,
  client_id text not null,
  -- Sealed with a key of the keystore's own, which has the id `sealed_under`.
  client_secret bytea not null check (length(client_secret) <= 4096),
  sealed_under uuid not null,
  redirect_uris text[] not null,
  -- What is asked for, such as "openid profile groups".
  scope text not null,
  groups_claim text not null,
  -- [{"group": ..., "role": ...}]. The first one that a person's groups match decides.
  roles jsonb not null check (jsonb_typeof(roles) = 'array'),
  -- Whether a first sign-in creates an account.
  accounts text not null check (accounts in ('jit', 'existing')),
  -- What the provider published of itself when it was added (OpenID Connect Discovery 1.0).
  metadata jsonb not null check (jsonb_typeof(metadata) = 'object'),
  created_at_ms bigint not null,
  primary key (tenant, id),
  unique (tenant, name)
);
alter table sealdesk.identity_providers enable row level security, force row level security;
create policy tenant on sealdesk.identity_providers using (tenant = sealdesk.current_tenant());
grant select on sealdesk.identity_providers to sealdesk_app;

-- Finds the account of a person whom a provider names: HMAC-SHA-256 of tenant, issuer and `sub`.
alter table sealdesk.users
  add column identity_index bytea check (length(identity_index) = 32),
  add constraint users_tenant_identity_index_key unique (tenant, identity_index);

alter table sealdesk.sessions
  drop constraint sessions_method_check,
  add constraint sessions_method_check check (method in ('password', 'customer_token', 'oidc')),
  add column identity_provider uuid,
  -- SHA-256 of the provider's `sid`, which its logout tokens name.
  add column provider_session bytea check (length(provider_session) = 32),
  -- When the person last proved to the provider who they are (`auth_time`).
  add column authenticated_at_ms bigint,
  add foreign key (tenant, identity_provider) references sealdesk.identity_providers (tenant, id)
    on delete set null (identity_provider);
create index sessions_identity_provider on sealdesk.sessions (tenant, identity_provider)
  where identity_provider is not null;

-- The application creates accounts for people whom a provider names, with roles that the operator mapped
-- for this provider. Apart from these two functions, only the owner creates staff and gives roles.
create function sealdesk.create_provider_account(
  account uuid, provider uuid, wanted_role text, identity bytea,
  name_index bytea, sealed_name bytea, sealed_display_name bytea, at_ms bigint
) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  if identity is null or not exists (
    select from identity_providers p
    where p.tenant = current_tenant() and p.id = provider and p.accounts = 'jit'
      and p.roles @> jsonb_build_array(jsonb_build_object('role', wanted_role))
  ) then
    raise exception 'the identity provider creates no account of this role'
      using errcode = 'insufficient_privilege';
  end if;
  insert into users (id, tenant, role, identity_index, username_index, username, display_name, created_at_ms)
  values (account, current_tenant(), wanted_role, identity, name_index, sealed_name, sealed_display_name, at_ms);
end
$$;
revoke execute on function sealdesk.create_provider_account(uuid, uuid, text, bytea, bytea, bytea, bytea, bigint) from public;
grant execute on function sealdesk.create_provider_account(uuid, uuid, text, bytea, bytea, bytea, bytea, bigint) to sealdesk_app;

create function sealdesk.update_provider_account(
  account uuid, provider uuid, wanted_role text,
  name_index bytea, sealed_name bytea, sealed_display_name bytea
) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  update users u set role = wanted_role, username_index = name_index, username = sealed_name,
    display_name = sealed_display_name
  from identity_providers p
  where u.tenant = current_tenant() and u.id = account and u.identity_index is not null
    and p.tenant = u.tenant and p.id = provider
    and (wanted_role = u.role or p.roles @> jsonb_build_array(jsonb_build_object('role', wanted_role)));
  if not found then
    raise exception 'the identity provider does not give this account this role'
      using errcode = 'insufficient_privilege';
  end if;
end
$$;
revoke execute on function sealdesk.update_provider_account(uuid, uuid, text, bytea, bytea, bytea) from public;
grant execute on function sealdesk.update_provider_account(uuid, uuid, text, bytea, bytea, bytea) to sealdesk_app;

reset role;
