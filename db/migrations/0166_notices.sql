-- Up Migration
set role sealdesk_owner;

-- Versions of a tenant's privacy notice. A version is published when a second person has approved it.
create table sealdesk.notices (
  tenant uuid not null references sealdesk.tenants,
  version integer not null check (version > 0),
  -- Who decides about the data: name and contact.
  controller text not null check (length(controller) between 1 and 500),
  -- SHA-256 of the digests of all its texts, in the order of their languages.
  hash bytea not null check (length(hash) = 32),
  approval uuid not null,
  -- When it is to take effect; null for the moment of the approval.
  begins_at_ms bigint,
  -- When it takes effect, once it is approved.
  effective_from_ms bigint,
  primary key (tenant, version),
  unique (tenant, approval),
  foreign key (tenant, approval) references sealdesk.approvals (tenant, id)
);

create table sealdesk.notice_texts (
  tenant uuid not null references sealdesk.tenants,
  version integer not null,
  -- RFC 5646.
  language text not null check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  -- Markdown.
  text text not null check (length(text) between 1 and 65536),
  -- SHA-256 of what devices check.
  digest bytea not null check (length(digest) = 32),
  primary key (tenant, version, language),
  foreign key (tenant, version) references sealdesk.notices (tenant, version)
);

-- Which device showed which notice to its user, as the device has signed it.
create table sealdesk.notice_views (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  device uuid not null,
  version integer not null,
  language text not null,
  record bytea not null,
  signature bytea not null check (length(signature) = 64),
  received_at_ms bigint not null,
  primary key (tenant, device, version, language),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id),
  foreign key (tenant, device) references sealdesk.devices (tenant, id),
  foreign key (tenant, version, language) references sealdesk.notice_texts (tenant, version, language)
);
create index notice_views_version on sealdesk.notice_views (tenant, version, received_at_ms, device);

alter table sealdesk.notices enable row level security, force row level security;
alter table sealdesk.notice_texts enable row level security, force row level security;
alter table sealdesk.notice_views enable row level security, force row level security;
create policy tenant on sealdesk.notices using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.notice_texts using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.notice_views using (tenant = sealdesk.current_tenant());
grant select, insert (tenant, version, controller, hash, approval, begins_at_ms)
  on sealdesk.notices to sealdesk_app;
grant select, insert on sealdesk.notice_texts, sealdesk.notice_views to sealdesk_app;

-- Publishes a notice whose request was approved. Returns when it takes effect, or null if it is not approved.
create function sealdesk.publish_notice(approved integer) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update notices n
  set effective_from_ms = greatest(coalesce(n.begins_at_ms, 0), database_now_ms())
  from approvals a
  where n.tenant = current_tenant() and n.version = approved and n.effective_from_ms is null
    and a.tenant = n.tenant and a.id = n.approval and a.executed_at_ms is not null
  returning n.effective_from_ms
$$;
revoke execute on function sealdesk.publish_notice(integer) from public;
grant execute on function sealdesk.publish_notice(integer) to sealdesk_app;

-- The version of the tenant's notice that is in force; null if there is none.
create function sealdesk.notice_version() returns integer
  language sql stable parallel safe
  return (
    select version from sealdesk.notices
    where tenant = sealdesk.current_tenant() and effective_from_ms <= sealdesk.database_now_ms()
    order by effective_from_ms desc, version desc limit 1);

reset role;
