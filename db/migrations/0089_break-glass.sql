-- Up Migration
set role sealdesk_owner;

-- Some acts need more than one other person. Everybody but the last one has a row in approval_answers.
alter table sealdesk.approvals
  add column needed smallint not null default 1 check (needed between 1 and 5),
  -- Everything that the act depends on, for whoever approves: ids and numbers. parameters_hash is about it.
  add column parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
  add column refused_by text check (refused_by <> requester),
  add column refused_at_ms bigint check ((refused_at_ms is null) = (refused_by is null));
drop policy answered_once on sealdesk.approvals;
create policy answered_once on sealdesk.approvals as restrictive for update
  using (executed_at_ms is null and withdrawn_at_ms is null and refused_at_ms is null) with check (true);
grant insert (needed, parameters), update (refused_by, refused_at_ms)
  on sealdesk.approvals to sealdesk_app;

create table sealdesk.approval_answers (
  tenant uuid not null references sealdesk.tenants,
  approval uuid not null,
  -- The id of an account, or "operator:" and the name of a person.
  approver text not null,
  answered_at_ms bigint not null,
  primary key (tenant, approval, approver),
  foreign key (tenant, approval) references sealdesk.approvals (tenant, id)
);
alter table sealdesk.approval_answers enable row level security, force row level security;
create policy tenant on sealdesk.approval_answers using (tenant = sealdesk.current_tenant());
-- Nobody approves their own request, and a request that was answered takes no more.
create policy of_another on sealdesk.approval_answers as restrictive for insert with check (exists (
  select from sealdesk.approvals a
  where a.tenant = approval_answers.tenant and a.id = approval_answers.approval
    and a.requester <> approval_answers.approver
    and a.executed_at_ms is null and a.withdrawn_at_ms is null and a.refused_at_ms is null));
grant select, insert on sealdesk.approval_answers to sealdesk_app;

-- The act is done when enough different people have approved it.
create function sealdesk.assert_enough_approvers() returns trigger
  language plpgsql set search_path = sealdesk, pg_temp
as $$
begin
  if (select count(*) from approval_answers
      where tenant = new.tenant and approval = new.id and approver <> new.approver) < new.needed - 1 then
    raise exception 'the request needs more approvers' using errcode = 'check_violation';
  end if;
  return new;
end
$$;
revoke execute on function sealdesk.assert_enough_approvers() from public;
create trigger assert_enough_approvers before update of executed_at_ms on sealdesk.approvals
  for each row when (new.executed_at_ms is not null) execute function sealdesk.assert_enough_approvers();
alter table sealdesk.approvals enable always trigger assert_enough_approvers;

-- Access to a conversation in an emergency. The id is that of the request for its approval.
create table sealdesk.break_glass (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  conversation uuid not null,
  requester uuid not null,
  minutes smallint not null check (minutes between 1 and 60),
  -- When the access ends, once it is approved.
  granted_until_ms bigint,
  -- When it ended: earlier, by a person, or when the server noticed that its time was over.
  ended_at_ms bigint check (ended_at_ms is null or granted_until_ms is not null),
  -- The id of an account, or "operator:" and the name of a person; null if its time was over.
  ended_by text check (ended_by is null or ended_at_ms is not null),
  reviewed_by text,
  reviewed_at_ms bigint check ((reviewed_at_ms is null) = (reviewed_by is null)),
  finding text check (finding in ('justified', 'not_justified')),
  check ((finding is null) = (reviewed_by is null)),
  check (reviewed_by is null or ended_at_ms is not null),
  primary key (tenant, id),
  foreign key (tenant, id) references sealdesk.approvals (tenant, id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id),
  foreign key (tenant, requester) references sealdesk.users (tenant, id)
);
create index break_glass_conversation on sealdesk.break_glass (tenant, conversation) where ended_at_ms is null;
create index break_glass_running on sealdesk.break_glass (granted_until_ms) where ended_at_ms is null;
alter table sealdesk.break_glass enable row level security, force row level security;
create policy tenant on sealdesk.break_glass using (tenant = sealdesk.current_tenant());
-- What has been reviewed stays as it is.
create policy reviewed_once on sealdesk.break_glass as restrictive for update
  using (reviewed_at_ms is null) with check (true);
grant select, insert (tenant, id, conversation, requester, minutes),
  update (ended_at_ms, ended_by, reviewed_by, reviewed_at_ms, finding) on sealdesk.break_glass to sealdesk_app;

-- Grants the access of an approved request, once, from now on. Returns null if it is not approved.
create function sealdesk.grant_break_glass(request uuid) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update break_glass b set granted_until_ms = database_now_ms() + b.minutes * 60000
  from approvals a
  where b.tenant = current_tenant() and b.id = request and b.granted_until_ms is null
    and a.tenant = b.tenant and a.id = b.id and a.executed_at_ms is not null
  returning b.granted_until_ms
$$;
revoke execute on function sealdesk.grant_break_glass(uuid) from public;
grant execute on function sealdesk.grant_break_glass(uuid) to sealdesk_app;

-- Whether a membership counts now. One that began by break-glass ends with the access.
create function sealdesk.is_current(by_break_glass uuid) returns boolean
  language sql stable parallel safe
  return by_break_glass is null or exists (
    select from sealdesk.break_glass b
    where b.tenant = sealdesk.current_tenant() and b.id = by_break_glass and b.ended_at_ms is null
      and b.granted_until_ms > sealdesk.database_now_ms());

-- The tenants with an access whose time is over and whose end is not recorded yet.
create function sealdesk.tenants_with_ended_break_glass() returns setof uuid
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select distinct tenant from break_glass
  where ended_at_ms is null and granted_until_ms <= database_now_ms()
$$;
create policy find_ended on sealdesk.break_glass for select to sealdesk_owner using (ended_at_ms is null);
revoke execute on function sealdesk.tenants_with_ended_break_glass() from public;
grant execute on function sealdesk.tenants_with_ended_break_glass() to sealdesk_app;

alter table sealdesk.members
  add column break_glass uuid,
  add foreign key (tenant, break_glass) references sealdesk.break_glass (tenant, id);
alter table sealdesk.member_devices
  add column break_glass uuid,
  add foreign key (tenant, break_glass) references sealdesk.break_glass (tenant, id);

reset role;
