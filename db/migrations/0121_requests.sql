-- Up Migration
set role sealdesk_owner;

-- What people ask for by law. The id is that of the case. Requests of one person for the same are one row.
create table sealdesk.requests (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  "right" text not null check ("right" ~ '^[a-z_]{1,40}$'),
  -- Where the person says that they live: a code of ISO 3166.
  residence text check (residence ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  -- The law with the earliest due date, where it says so, and the version of the rules that named it.
  law text not null check (law ~ '^[a-z0-9_]{1,40}$'),
  citation text not null check (length(citation) between 1 and 200),
  rules_version integer not null,
  received_at_ms bigint not null,
  extended_at_ms bigint,
  extension_reason text check (length(extension_reason) between 1 and 300),
  check ((extended_at_ms is null) = (extension_reason is null)),
  -- Why it was refused, and the law that allows to.
  refusal_ground text check (length(refusal_ground) between 1 and 200),
  primary key (tenant, id),
  foreign key (tenant, id) references sealdesk.cases (tenant, id)
);
alter table sealdesk.requests enable row level security, force row level security;
create policy tenant on sealdesk.requests using (tenant = sealdesk.current_tenant());
-- What was refused stays as it is, until the person is erased.
create policy refused_once on sealdesk.requests as restrictive for update to sealdesk_app
  using (refusal_ground is null) with check (true);
grant select, insert,
  update (law, citation, rules_version, received_at_ms, extended_at_ms, extension_reason, refusal_ground)
  on sealdesk.requests to sealdesk_app;

-- Each time that a request arrived. Whoever has the secret of the link sees how far the request is.
create table sealdesk.request_receipts (
  tenant uuid not null references sealdesk.tenants,
  request uuid not null,
  link_hash bytea not null check (octet_length(link_hash) = 32),
  channel text not null check (channel in ('customer', 'staff')),
  -- The id of an account, or "operator:" and the name of a person.
  recorded_by text not null check (length(recorded_by) <= 200),
  received_at_ms bigint not null,
  recorded_at_ms bigint not null,
  primary key (tenant, link_hash),
  foreign key (tenant, request) references sealdesk.requests (tenant, id)
);
create index request_receipts_of_request on sealdesk.request_receipts (tenant, request);
alter table sealdesk.request_receipts enable row level security, force row level security;
create policy tenant on sealdesk.request_receipts using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.request_receipts to sealdesk_app;

-- Which law applies to whom, the time zone and the holidays of the organisation. A version is never changed.
create table sealdesk.request_rules (
  tenant uuid not null references sealdesk.tenants,
  version integer not null check (version > 0),
  content jsonb not null check (jsonb_typeof(content) = 'object'),
  effective_from_ms bigint not null,
  set_by text not null check (length(set_by) <= 200),
  set_at_ms bigint not null,
  primary key (tenant, version)
);
alter table sealdesk.request_rules enable row level security, force row level security;
create policy tenant on sealdesk.request_rules using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.request_rules to sealdesk_app;

reset role;
