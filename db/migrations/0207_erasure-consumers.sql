-- Up Migration
set role sealdesk_owner;

-- Systems of the tenant that are told of each erasure. `sealed` holds the URL and the secret of the signature.
create table sealdesk.erasure_consumers (
  tenant uuid not null references sealdesk.tenants,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  sealed bytea not null,
  sealed_under uuid not null,
  added_at_ms bigint not null,
  primary key (tenant, name)
);

-- What each is told of, when it took that, and after how many attempts. A consumer that is removed stays named here.
create table sealdesk.erasure_events (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  consumer text not null,
  notified_at_ms bigint not null,
  acknowledged_at_ms bigint,
  attempts integer not null default 0,
  primary key (tenant, case_id, consumer),
  foreign key (tenant, case_id) references sealdesk.erasures (tenant, case_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['erasure_consumers', 'erasure_events'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert, delete on sealdesk.erasure_consumers to sealdesk_app;
grant select, insert (tenant, case_id, consumer, notified_at_ms), update (attempts, acknowledged_at_ms)
  on sealdesk.erasure_events to sealdesk_app;

reset role;
