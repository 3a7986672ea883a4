-- Up Migration
set role sealdesk_owner;

-- The keys of each tenant's authority, as the entries of the tenant's key log say. The last one that
-- was added signs. The private halves are in the key service, or with a process of its own.
create table sealdesk.authority_entries (
  tenant uuid not null references sealdesk.tenants,
  -- 1, 2, 3 and so on for each tenant, so that none can be left out in between.
  version integer not null check (version > 0),
  change text not null check (change in ('added', 'retired')),
  public_key bytea not null check (length(public_key) = 32),
  entry bigint not null,
  primary key (tenant, version),
  unique (entry, tenant)
);
alter table sealdesk.authority_entries enable row level security, force row level security;
create policy tenant on sealdesk.authority_entries using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.authority_entries to sealdesk_app;

-- The newest certificate of each member of staff. It counts only for this key and this role.
create table sealdesk.staff_certificates (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  account_key bytea not null check (length(account_key) = 32),
  role text not null,
  -- The version of the entry of the authority's key that signed it.
  authority integer not null,
  certificate bytea not null check (length(certificate) <= 8192),
  signature bytea not null check (length(signature) = 64),
  from_ms bigint not null,
  until_ms bigint not null check (until_ms > from_ms),
  primary key (user_id, tenant),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id),
  foreign key (tenant, authority) references sealdesk.authority_entries (tenant, version)
);
alter table sealdesk.staff_certificates enable row level security, force row level security;
create policy tenant on sealdesk.staff_certificates using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.staff_certificates to sealdesk_app;
grant update (account_key, role, authority, certificate, signature, from_ms, until_ms)
  on sealdesk.staff_certificates to sealdesk_app;

-- Every node looks for staff without a certificate every minute.
create index users_staff on sealdesk.users (tenant, id) where role <> 'customer';

reset role;
