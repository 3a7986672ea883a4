-- Up Migration
set role sealdesk_owner;

alter table sealdesk.identity_providers
  drop constraint identity_providers_accounts_check,
  -- "scim-only": the provider makes and ends accounts over SCIM 2.0, and a sign-in makes none.
  add constraint identity_providers_accounts_check check (accounts in ('jit', 'existing', 'scim-only')),
  -- The claim that identifies a person: `sub`, or what the provider sends as externalId over SCIM.
  add column subject_claim text not null default 'sub' check (subject_claim in ('sub', 'oid'));

-- The people whom a provider wrote over SCIM (RFC 7643). A person has an account once a group gives them a role.
create table sealdesk.provisioned_people (
  tenant uuid not null references sealdesk.tenants,
  provider uuid not null,
  -- The id of the account, before it exists too.
  user_id uuid not null,
  -- Finds a person by `userName` in lower case, and by `externalId`: HMAC-SHA-256.
  user_name_index bytea not null check (length(user_name_index) = 32),
  identity_index bytea check (length(identity_index) = 32),
  -- `userName`, `displayName` and `externalId`, sealed under the person's key.
  attributes bytea not null check (length(attributes) <= 8192),
  active boolean not null,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  primary key (tenant, provider, user_id),
  unique (tenant, user_id),
  unique (tenant, provider, user_name_index),
  unique (tenant, identity_index),
  foreign key (tenant, provider) references sealdesk.identity_providers (tenant, id) on delete cascade
);
alter table sealdesk.provisioned_people enable row level security, force row level security;
create policy tenant on sealdesk.provisioned_people using (tenant = sealdesk.current_tenant());
grant select on sealdesk.provisioned_people to sealdesk_app;

create table sealdesk.provisioned_groups (
  tenant uuid not null references sealdesk.tenants,
  provider uuid not null,
  id uuid not null,
  -- The name that the provider's roles are mapped from.
  display_name text not null check (length(display_name) <= 256),
  external_id text check (length(external_id) <= 256),
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  primary key (tenant, provider, id),
  foreign key (tenant, provider) references sealdesk.identity_providers (tenant, id) on delete cascade
);
alter table sealdesk.provisioned_groups enable row level security, force row level security;
create policy tenant on sealdesk.provisioned_groups using (tenant = sealdesk.current_tenant());
grant select on sealdesk.provisioned_groups to sealdesk_app;

create table sealdesk.provisioned_members (
  tenant uuid not null references sealdesk.tenants,
  provider uuid not null,
  group_id uuid not null,
  user_id uuid not null,
  primary key (tenant, provider, group_id, user_id),
  foreign key (tenant, provider, group_id) references sealdesk.provisioned_groups (tenant, provider, id)
    on delete cascade,
  foreign key (tenant, provider, user_id) references sealdesk.provisioned_people (tenant, provider, user_id)
    on delete cascade
);
create index provisioned_members_of_a_person on sealdesk.provisioned_members (tenant, provider, user_id);
alter table sealdesk.provisioned_members enable row level security, force row level security;
create policy tenant on sealdesk.provisioned_members using (tenant = sealdesk.current_tenant());
grant select on sealdesk.provisioned_members to sealdesk_app;

reset role;
