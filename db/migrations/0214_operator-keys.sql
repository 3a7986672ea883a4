-- Up Migration
set role sealdesk_owner;

-- Keys with which programs of the operator administer tenants over HTTP. They belong to no tenant, like the list of
-- tenants itself.
create table sealdesk.operator_keys (
  id text primary key check (id ~ '^[0-9a-f]{16}$'),
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- What the key may do: actions of the policy rules for "tenants".
  scopes text[] not null check (cardinality(scopes) between 1 and 50),
  -- SHA-256 of the secret, which is 256 random bits. The secret is stored nowhere.
  secret_hash bytea not null check (length(secret_hash) = 32),
  created_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > created_at_ms),
  -- Days since 1970, UTC.
  last_used_day integer
);
grant select, update (last_used_day) on sealdesk.operator_keys to sealdesk_app;

-- Their requests that had an Idempotency-Key, and the answers: see sealdesk.api_requests.
create table sealdesk.operator_requests (
  api_key text not null references sealdesk.operator_keys on delete cascade,
  idempotency_hash bytea not null check (length(idempotency_hash) = 32),
  request_hash bytea not null check (length(request_hash) = 32),
  created_at_ms bigint not null,
  status smallint,
  answer jsonb,
  primary key (api_key, idempotency_hash)
);
grant select, insert, delete, update (status, answer) on sealdesk.operator_requests to sealdesk_app;

-- A request is stored in the transaction of its act, which is fenced to the tenant of the key.
alter table sealdesk.api_requests alter column tenant set default sealdesk.current_tenant();

reset role;
