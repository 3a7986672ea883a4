-- Up Migration
set role sealdesk_owner;

-- The server's own keys, wrapped by the key service. Nothing here opens without that service.
-- They belong to no tenant, so they are not under row-level security.
create table sealdesk.server_keys (
  name text not null check (name in ('tokens', 'franking', 'blind-index')),
  version integer not null check (version >= 1),
  -- The service that wrapped it, and the version of the wrapping key.
  provider text not null check (provider in ('local', 'vault', 'pkcs11')),
  wrapping_version integer not null check (wrapping_version >= 1),
  -- 32 bytes, wrapped; null once the key is destroyed.
  wrapped bytea check (length(wrapped) = 60),
  created_at_ms bigint not null,
  -- From this time on, the key only verifies what it made.
  retired_at_ms bigint,
  -- From this time on, it verifies nothing either and is destroyed. Null: it serves without limit.
  serves_until_ms bigint,
  destroyed_at_ms bigint,
  primary key (name, version),
  check ((wrapped is null) = (destroyed_at_ms is not null)),
  check (retired_at_ms is not null or (serves_until_ms is null and destroyed_at_ms is null))
);
create unique index server_keys_active on sealdesk.server_keys (name) where retired_at_ms is null;
grant select, insert on sealdesk.server_keys to sealdesk_app;
grant update (provider, wrapping_version, wrapped, retired_at_ms, serves_until_ms, destroyed_at_ms)
  on sealdesk.server_keys to sealdesk_app;

-- Whether any tenant has customers. They are found by a key that a new server must not create again.
create function sealdesk.has_customers() returns boolean
  language sql stable security definer set search_path = sealdesk, pg_temp
  as $$ select exists (select from sealdesk.users where subject_index is not null) $$;
revoke execute on function sealdesk.has_customers() from public;
grant execute on function sealdesk.has_customers() to sealdesk_app;

reset role;
