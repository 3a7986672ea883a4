-- Up Migration
set role sealdesk_owner;

-- The devices of other members that are told to remove their copies of what was erased.
create table sealdesk.erasure_notices (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  device uuid not null,
  notified_at_ms bigint not null,
  acknowledged_at_ms bigint,
  primary key (tenant, case_id, device),
  foreign key (tenant, case_id) references sealdesk.erasures (tenant, case_id),
  foreign key (tenant, device) references sealdesk.devices (tenant, id)
);
create index erasure_notices_open on sealdesk.erasure_notices (tenant, device)
  where acknowledged_at_ms is null;

-- The last certificate that was signed because a device has answered since. The audit log has the hashes of those between.
create table sealdesk.erasure_supplements (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  digest bytea not null check (length(digest) = 32),
  certificate bytea not null,
  certified_at_ms bigint not null,
  primary key (tenant, case_id),
  foreign key (tenant, case_id) references sealdesk.erasures (tenant, case_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['erasure_notices', 'erasure_supplements'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert (tenant, case_id, device, notified_at_ms), update (acknowledged_at_ms)
  on sealdesk.erasure_notices to sealdesk_app;
grant select, insert, update (digest, certificate, certified_at_ms)
  on sealdesk.erasure_supplements to sealdesk_app;

reset role;
