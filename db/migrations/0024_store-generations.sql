-- Up Migration
set role sealdesk_owner;

-- The highest store generation that each device has said hello with, and the one before the last
-- hello. A device that says one it said before has an older copy of its store.
create table sealdesk.store_generations (
  device uuid primary key references sealdesk.devices,
  tenant uuid not null references sealdesk.tenants,
  generation bigint not null,
  before bigint not null default 0
) with (fillfactor = 50);

alter table sealdesk.store_generations enable row level security;
create policy tenant on sealdesk.store_generations using (tenant = sealdesk.current_tenant());
grant select, insert, update (generation, before) on sealdesk.store_generations to sealdesk_app;

reset role;
