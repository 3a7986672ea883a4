-- Up Migration
set role sealdesk_owner;

-- What members report to the moderators: messages that the server has verified with the tags it gave them.
create table sealdesk.reports (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  conversation uuid not null,
  -- The person whom the conversation is about. The key of the disclosed text is below theirs.
  subject uuid not null,
  reporter uuid not null,
  -- Who sent the reported messages.
  reported uuid not null,
  reason text not null check (reason ~ '^[a-z_]{1,40}$'),
  submitted_at_ms bigint not null,
  -- When the disclosed text is destroyed, unless a legal hold covers it.
  disclosed_until_ms bigint not null,
  destroyed_at_ms bigint,
  primary key (tenant, id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id),
  foreign key (tenant, reporter) references sealdesk.users (tenant, id),
  foreign key (tenant, reported) references sealdesk.users (tenant, id)
);
create index reports_by_time on sealdesk.reports (tenant, submitted_at_ms desc, id desc);
create index reports_disclosed on sealdesk.reports (tenant, disclosed_until_ms) where destroyed_at_ms is null;

-- The messages of a report, and those that the reporter shows as their context.
create table sealdesk.reported_messages (
  tenant uuid not null references sealdesk.tenants,
  report uuid not null,
  conversation uuid not null,
  seq bigint not null,
  reporter uuid not null,
  author uuid not null,
  sender_device uuid not null,
  received_at_ms bigint not null,
  is_context boolean not null,
  -- What the reporter disclosed, sealed under a key of this report; null after it is destroyed.
  sealed bytea,
  primary key (tenant, report, seq),
  foreign key (tenant, report) references sealdesk.reports (tenant, id),
  foreign key (tenant, author) references sealdesk.users (tenant, id),
  foreign key (tenant, sender_device) references sealdesk.devices (tenant, id)
);
-- A person reports a message once.
create unique index reported_messages_once on sealdesk.reported_messages (tenant, reporter, conversation, seq)
  where not is_context;

-- What a moderator decided. Each is a decision of a person.
create table sealdesk.report_decisions (
  tenant uuid not null references sealdesk.tenants,
  report uuid not null,
  decision text not null check (decision in ('dismiss', 'warn', 'mute', 'ban')),
  reason text not null check (length(reason) between 1 and 200),
  decided_by text not null check (length(decided_by) <= 200),
  -- The request that a second moderator approved; null if one moderator was enough.
  approval uuid,
  decided_at_ms bigint not null,
  primary key (tenant, report),
  foreign key (tenant, report) references sealdesk.reports (tenant, id),
  foreign key (tenant, approval) references sealdesk.approvals (tenant, id)
);

-- Who may not write. A row without a device is about all devices of the account.
create table sealdesk.sanctions (
  tenant uuid not null references sealdesk.tenants,
  report uuid not null,
  account uuid not null,
  device uuid,
  kind text not null check (kind in ('mute', 'ban')),
  from_ms bigint not null,
  -- Null: until it is lifted.
  until_ms bigint check (until_ms > from_ms),
  primary key (tenant, report),
  foreign key (tenant, report) references sealdesk.report_decisions (tenant, report),
  foreign key (tenant, account) references sealdesk.users (tenant, id),
  foreign key (tenant, device) references sealdesk.devices (tenant, id)
);
create index sanctions_by_account on sealdesk.sanctions (tenant, account);

do $$
declare
  name text;
begin
  foreach name in array array['reports', 'reported_messages', 'report_decisions', 'sanctions'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert (tenant, id, conversation, subject, reporter, reported, reason, submitted_at_ms, disclosed_until_ms),
  update (disclosed_until_ms, destroyed_at_ms) on sealdesk.reports to sealdesk_app;
grant select, insert, update (sealed) on sealdesk.reported_messages to sealdesk_app;
grant select, insert on sealdesk.report_decisions to sealdesk_app;
grant select, insert on sealdesk.sanctions to sealdesk_app;

-- Returns the strongest sanction in force on a device of an account, by the clock of the database; null if there is none.
create function sealdesk.sanction_on(account uuid, device uuid) returns text
  language sql stable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select min(s.kind) from sealdesk.sanctions s
  where s.tenant = sealdesk.current_tenant() and s.account = sanction_on.account
    and (s.device is null or s.device = sanction_on.device)
    and (s.until_ms is null or s.until_ms > sealdesk.database_now_ms())
$$;

-- Whoever stores messages asks this in the same statement. A node may have read the members before the sanction.
create function sealdesk.assert_may_write(accounts uuid[], devices uuid[]) returns boolean
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from sealdesk.sanctions s
    where s.tenant = sealdesk.current_tenant() and s.account = any(accounts)
      and (s.device is null or s.device = any(devices))
      and (s.until_ms is null or s.until_ms > sealdesk.database_now_ms())
  ) then
    raise exception using errcode = 'SD001', message = 'an account of the batch may not write';
  end if;
  return true;
end
$$;

reset role;
