-- Up Migration
set role sealdesk_owner;

drop table sealdesk.alert_deliveries;

-- A tenant has one webhook that is in use. Former ones stay until they took the alerts that waited for them.
alter table sealdesk.alert_webhooks
  drop constraint alert_webhooks_pkey,
  add primary key (tenant, sealed_under),
  -- When it was removed, or another one was set.
  add column replaced_at_ms bigint;
create unique index alert_webhooks_in_use on sealdesk.alert_webhooks (tenant) where replaced_at_ms is null;

-- The alerts that each webhook has not taken yet. A row is written in the transaction of the act.
create table sealdesk.alert_deliveries (
  tenant uuid not null,
  webhook uuid not null,
  alert uuid not null,
  primary key (tenant, webhook, alert),
  foreign key (tenant, webhook) references sealdesk.alert_webhooks on delete cascade,
  foreign key (tenant, alert) references sealdesk.alerts (tenant, id)
);
alter table sealdesk.alert_deliveries enable row level security, force row level security;
create policy tenant on sealdesk.alert_deliveries using (tenant = sealdesk.current_tenant());
create policy find_due on sealdesk.alert_deliveries for select to sealdesk_owner using (true);
grant select, insert, delete on sealdesk.alert_deliveries to sealdesk_app;

-- The tenants with an alert that can be sent now.
create or replace function sealdesk.tenants_with_due_alerts(now_ms bigint) returns setof uuid
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select distinct w.tenant from alert_webhooks w
  where w.disabled_at_ms is null and w.next_attempt_at_ms <= now_ms
    and exists (select from alert_deliveries d where d.tenant = w.tenant and d.webhook = w.sealed_under)
$$;

reset role;
