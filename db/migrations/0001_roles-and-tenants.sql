-- Up Migration

-- There are three parties. The owner holds the tables and never logs in. The application may do what
-- is granted below, and row-level security confines it. A deployer's login is a member of one of them.
do $$
declare
  name text;
begin
  foreach name in array array['sealdesk_owner', 'sealdesk_app'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
end
$$;

-- A login that is no superuser may act as these roles only if it is a member of them. Where somebody
-- else made the roles, they may have made it one.
do $$
declare
  name text;
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    return;
  end if;
  foreach name in array array['sealdesk_owner', 'sealdesk_app'] loop
    begin
      execute format('grant %I to %I', name, current_user);
    exception when insufficient_privilege then
      null;
    end;
  end loop;
end
$$;

-- The server reads which migrations ran.
grant usage on schema sealdesk_migrations to sealdesk_app;
grant select on sealdesk_migrations.migrations to sealdesk_app;

create schema sealdesk authorization sealdesk_owner;
create schema audit authorization sealdesk_owner;

set role sealdesk_owner;
grant usage on schema sealdesk, audit to sealdesk_app;

-- The tenant of the session. Every policy compares with it. If it is not set, no row is visible.
create function sealdesk.current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('sealdesk.tenant', true), '')::uuid;

-- Not under row-level security, because it is read to find out which tenant a request is for.
-- It holds nothing personal and nothing secret.
create table sealdesk.tenants (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  -- Public keys (JWK Set, RFC 7517) that sign this tenant's customer tokens.
  customer_keys jsonb not null default '{"keys": []}',
  key_max_messages integer not null default 100 check (key_max_messages between 1 and 10000),
  key_max_age_ms integer not null default 3600000 check (key_max_age_ms between 1000 and 604800000),
  created_at_ms bigint not null
);
grant select on sealdesk.tenants to sealdesk_app;

reset role;
