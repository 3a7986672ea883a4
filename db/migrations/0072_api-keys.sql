-- Up Migration
set role sealdesk_owner;

-- Programs of the tenant's backend that administer the tenant over HTTP.
create table sealdesk.api_keys (
  tenant uuid not null references sealdesk.tenants,
  id text not null check (id ~ '^[0-9a-f]{16}$'),
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- What the key may do: actions of the policy rules for "administration".
  scopes text[] not null check (cardinality(scopes) between 1 and 50),
  -- SHA-256 of the secret, which is 256 random bits. The secret is stored nowhere.
  secret_hash bytea not null check (length(secret_hash) = 32),
  created_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > created_at_ms),
  -- Days since 1970, UTC.
  last_used_day integer,
  primary key (tenant, id)
);
alter table sealdesk.api_keys enable row level security, force row level security;
create policy tenant on sealdesk.api_keys using (tenant = sealdesk.current_tenant());
grant select, update (last_used_day) on sealdesk.api_keys to sealdesk_app;

-- Requests that had an Idempotency-Key, and their answers. They are kept for 24 hours.
create table sealdesk.api_requests (
  tenant uuid not null references sealdesk.tenants,
  api_key text not null,
  -- HMAC-SHA-256 of the Idempotency-Key, and of the whole request.
  idempotency_hash bytea not null check (length(idempotency_hash) = 32),
  request_hash bytea not null check (length(request_hash) = 32),
  created_at_ms bigint not null,
  -- Null until the answer is known, which is after the act.
  status smallint,
  answer jsonb,
  primary key (tenant, api_key, idempotency_hash),
  foreign key (tenant, api_key) references sealdesk.api_keys (tenant, id) on delete cascade
);
alter table sealdesk.api_requests enable row level security, force row level security;
create policy tenant on sealdesk.api_requests using (tenant = sealdesk.current_tenant());
grant select, insert, delete, update (status, answer) on sealdesk.api_requests to sealdesk_app;

reset role;
