-- Up Migration
set role sealdesk_owner;

-- What officers are alerted to. A row is written in the transaction of the act.
create table sealdesk.alerts (
  tenant uuid not null references sealdesk.tenants,
  -- The id of the act's entry in the audit log.
  id uuid not null,
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  resource_kind text not null check (resource_kind ~ '^[a-z_-]+$'),
  resource text not null check (length(resource) <= 200),
  -- The id of an account or of an API key, "operator:" and the name of a person, or the part of the system that acted.
  actor text not null check (length(actor) <= 200),
  -- The account that the act affects, if that is another.
  subject uuid,
  raised_at_ms bigint not null,
  -- The officer who has seen it: the id of an account, or "operator:" and the name of a person.
  acknowledged_by text,
  acknowledged_at_ms bigint check ((acknowledged_at_ms is null) = (acknowledged_by is null)),
  primary key (tenant, id)
);
create index alerts_open on sealdesk.alerts (tenant, id) where acknowledged_at_ms is null;
alter table sealdesk.alerts enable row level security, force row level security;
create policy tenant on sealdesk.alerts using (tenant = sealdesk.current_tenant());
-- An alert is acknowledged once.
create policy acknowledged_once on sealdesk.alerts as restrictive for update
  using (acknowledged_at_ms is null) with check (true);
grant select, insert (tenant, id, action, resource_kind, resource, actor, subject, raised_at_ms),
  update (acknowledged_by, acknowledged_at_ms) on sealdesk.alerts to sealdesk_app;

reset role;
