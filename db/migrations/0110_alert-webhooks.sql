-- Up Migration
set role sealdesk_owner;

-- Where a tenant's alerts are sent.
create table sealdesk.alert_webhooks (
  tenant uuid primary key references sealdesk.tenants,
  url text not null check (length(url) <= 2048),
  -- Signs what is sent. It is sealed under a key of its own in the keystore.
  secret bytea not null,
  sealed_under uuid not null,
  set_at_ms bigint not null,
  -- Since when every attempt failed; null after one that succeeded.
  failing_since_ms bigint,
  -- Before this, no node tries. A node that tries puts it forward first, so that no other one does.
  next_attempt_at_ms bigint not null default 0,
  -- When the server gave up.
  disabled_at_ms bigint
);
alter table sealdesk.alert_webhooks enable row level security, force row level security;
create policy tenant on sealdesk.alert_webhooks using (tenant = sealdesk.current_tenant());
grant select, insert, delete, update on sealdesk.alert_webhooks to sealdesk_app;

-- The alerts that the webhook has not taken yet. A row is written in the transaction of the act.
create table sealdesk.alert_deliveries (
  tenant uuid not null references sealdesk.alert_webhooks on delete cascade,
  alert uuid not null,
  primary key (tenant, alert),
  foreign key (tenant, alert) references sealdesk.alerts (tenant, id)
);
alter table sealdesk.alert_deliveries enable row level security, force row level security;
create policy tenant on sealdesk.alert_deliveries using (tenant = sealdesk.current_tenant());
grant select, insert, delete on sealdesk.alert_deliveries to sealdesk_app;

-- The tenants with an alert that can be sent now.
create function sealdesk.tenants_with_due_alerts(now_ms bigint) returns setof uuid
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select w.tenant from alert_webhooks w
  where w.disabled_at_ms is null and w.next_attempt_at_ms <= now_ms
    and exists (select from alert_deliveries d where d.tenant = w.tenant)
$$;
create policy find_due on sealdesk.alert_webhooks for select to sealdesk_owner using (disabled_at_ms is null);
create policy find_due on sealdesk.alert_deliveries for select to sealdesk_owner using (true);
revoke execute on function sealdesk.tenants_with_due_alerts(bigint) from public;
grant execute on function sealdesk.tenants_with_due_alerts(bigint) to sealdesk_app;

reset role;
