-- Up Migration
set role sealdesk_owner;

create table sealdesk.users (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  role text not null check (role in ('customer', 'agent', 'supervisor', 'admin', 'bot')),
  -- Staff sign in with a user name. Customers are found by a keyed hash of their subject.
  username text,
  display_name text,
  password_hash text,
  subject_index bytea check (length(subject_index) = 32),
  -- Set by the first device. It must certify every further device.
  account_key bytea check (length(account_key) = 32),
  created_at_ms bigint not null,
  unique (tenant, username),
  unique (tenant, subject_index)
);

create table sealdesk.devices (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null references sealdesk.users,
  registration_id integer not null,
  device_key bytea not null check (length(device_key) = 32),
  identity_key bytea not null check (length(identity_key) = 33),
  receipt_key bytea not null check (length(receipt_key) = 32),
  -- The account key's signature over the device record.
  certificate bytea not null check (length(certificate) = 64),
  created_at_ms bigint not null,
  revoked_at_ms bigint,
  unique (tenant, device_key)
);
create index on sealdesk.devices (user_id) where revoked_at_ms is null;

-- The signed prekey and the last-resort Kyber prekey of a device, one of each at a time.
create table sealdesk.signed_prekeys (
  tenant uuid not null references sealdesk.tenants,
  device uuid not null references sealdesk.devices,
  kind text not null check (kind in ('ec', 'kyber_last_resort')),
  id bigint not null,
  public_key bytea not null,
  signature bytea not null check (length(signature) = 64),
  primary key (device, kind)
);

-- A row outlives its key, so that `digest` refuses the same id with other bytes for ever.
create table sealdesk.one_time_prekeys (
  tenant uuid not null references sealdesk.tenants,
  device uuid not null references sealdesk.devices,
  kind text not null check (kind in ('ec', 'kyber')),
  id bigint not null,
  public_key bytea,
  signature bytea,
  digest bytea not null,
  primary key (device, kind, id)
);
create index on sealdesk.one_time_prekeys (device, kind, id) where public_key is not null;

create table sealdesk.sessions (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null references sealdesk.users,
  -- Thumbprint (RFC 7638) of the device key that the session's tokens are bound to.
  device_key_thumbprint text not null,
  method text not null check (method in ('password', 'customer_token')),
  created_at_ms bigint not null,
  expires_at_ms bigint not null,
  revoked_at_ms bigint
);

alter table sealdesk.users enable row level security;
alter table sealdesk.devices enable row level security;
alter table sealdesk.signed_prekeys enable row level security;
alter table sealdesk.one_time_prekeys enable row level security;
alter table sealdesk.sessions enable row level security;
create policy tenant on sealdesk.users using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.devices using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.signed_prekeys using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.one_time_prekeys using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.sessions using (tenant = sealdesk.current_tenant());

grant select, insert on sealdesk.users, sealdesk.devices, sealdesk.sessions to sealdesk_app;
grant update (account_key, password_hash, display_name) on sealdesk.users to sealdesk_app;
grant update (revoked_at_ms) on sealdesk.devices, sealdesk.sessions to sealdesk_app;
grant select, insert, update on sealdesk.signed_prekeys, sealdesk.one_time_prekeys to sealdesk_app;

reset role;
