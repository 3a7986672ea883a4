-- Up Migration
set role sealdesk_owner;

-- The minutes without an act of a person after which a session of a member of staff ends; null for never.
alter table sealdesk.tenants add column idle_log_off_minutes smallint default 30
  check (idle_log_off_minutes between 5 and 720);

-- When a person last did something in the session, by the database's clock. Null if nobody is logged off for
-- being idle: customers, bots, and sessions that an older server opened. `was_idle` says why it was revoked.
alter table sealdesk.sessions add column acted_at_ms bigint;
alter table sealdesk.sessions add column was_idle boolean not null default false
  check (not was_idle or revoked_at_ms is not null);
create index sessions_by_act on sealdesk.sessions (tenant, acted_at_ms)
  where acted_at_ms is not null and revoked_at_ms is null;
grant update (acted_at_ms, was_idle) on sealdesk.sessions to sealdesk_app;

reset role;
