-- Up Migration
set role sealdesk_owner;

-- The person whom a decision is about asks that another moderator looks at it again.
create table sealdesk.report_appeals (
  tenant uuid not null references sealdesk.tenants,
  report uuid not null,
  appealed_at_ms bigint not null,
  -- Null while nobody has decided.
  outcome text check (outcome in ('upheld', 'lifted')),
  reason text check (length(reason) between 1 and 200),
  decided_by text check (length(decided_by) <= 200),
  decided_at_ms bigint,
  check (num_nulls(outcome, reason, decided_by, decided_at_ms) in (0, 4)),
  primary key (tenant, report),
  foreign key (tenant, report) references sealdesk.report_decisions (tenant, report)
);
alter table sealdesk.report_appeals enable row level security, force row level security;
create policy tenant on sealdesk.report_appeals using (tenant = sealdesk.current_tenant());
grant select, insert (tenant, report, appealed_at_ms), update (outcome, reason, decided_by, decided_at_ms)
  on sealdesk.report_appeals to sealdesk_app;

-- A sanction that is lifted ends at once.
grant update (until_ms) on sealdesk.sanctions to sealdesk_app;
-- A person sees the decisions about them.
create index reports_by_reported on sealdesk.reports (tenant, reported);

reset role;
