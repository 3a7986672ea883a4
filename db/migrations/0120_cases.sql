-- Up Migration
set role sealdesk_owner;

-- A case is a state machine that survives every crash. It is the truth about how far its work is, and it is also
-- the job: whoever takes the next step holds a lock on this row, which the database lets go of when a process dies.
create table sealdesk.cases (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  kind text not null check (kind ~ '^[a-z][a-z_]{0,39}$'),
  -- The account that the case is about, if it is about one.
  subject uuid,
  state text not null check (state ~ '^[a-z][a-z_]{0,39}$'),
  -- The number of steps that are done.
  step integer not null default 0 check (step >= 0),
  -- Why the present step could not be done when it was last tried: a code.
  pending text check (pending ~ '^[a-z][a-z0-9_]{0,79}$'),
  opened_at_ms bigint not null,
  -- Until when the law wants the case to be answered.
  due_at_ms bigint,
  -- When the runner takes the step. Null while the case waits for a person, and when it is over.
  wake_at_ms bigint,
  ended_at_ms bigint check (ended_at_ms is null or wake_at_ms is null),
  primary key (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id)
);
create index cases_waking on sealdesk.cases (wake_at_ms) where wake_at_ms is not null;
create index cases_of_subject on sealdesk.cases (tenant, subject) where subject is not null;
alter table sealdesk.cases enable row level security, force row level security;
create policy tenant on sealdesk.cases using (tenant = sealdesk.current_tenant());
-- A case that is over stays as it is.
create policy ended_once on sealdesk.cases as restrictive for update
  using (ended_at_ms is null) with check (true);
grant select, insert (tenant, id, kind, subject, state, opened_at_ms, due_at_ms, wake_at_ms),
  update (state, step, pending, due_at_ms, wake_at_ms, ended_at_ms) on sealdesk.cases to sealdesk_app;

-- Each step of a case: recorded before it is taken, and completed in the transaction that takes it. The primary key
-- keeps a step from being taken twice.
create table sealdesk.case_steps (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  step integer not null check (step >= 0),
  state text not null,
  begun_at_ms bigint not null,
  attempts integer not null default 1 check (attempts > 0),
  -- The state that followed, when, and who took the step: the id of an account, "operator:" and the name of a person,
  -- or "cases" for the server itself.
  next text,
  done_at_ms bigint,
  done_by text check (length(done_by) <= 200),
  check ((next is null) = (done_at_ms is null) and (next is null) = (done_by is null)),
  primary key (tenant, case_id, step),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id)
);
alter table sealdesk.case_steps enable row level security, force row level security;
create policy tenant on sealdesk.case_steps using (tenant = sealdesk.current_tenant());
create policy done_once on sealdesk.case_steps as restrictive for update
  using (done_at_ms is null) with check (true);
grant select, insert, update (attempts, next, done_at_ms, done_by) on sealdesk.case_steps to sealdesk_app;

-- A case moves by one step at a time, and only with the record of that step.
create function sealdesk.assert_step_is_recorded() returns trigger
  language plpgsql set search_path = sealdesk, pg_temp
as $$
begin
  if new.step <> old.step + 1 or not exists (
    select from case_steps
    where tenant = old.tenant and case_id = old.id and step = old.step
      and state = old.state and next = new.state
  ) then
    raise exception 'the step of the case is not recorded' using errcode = 'check_violation';
  end if;
  return new;
end
$$;
revoke execute on function sealdesk.assert_step_is_recorded() from public;
create trigger assert_step_is_recorded before update on sealdesk.cases
  for each row when (new.step <> old.step or new.state <> old.state)
  execute function sealdesk.assert_step_is_recorded();
alter table sealdesk.cases enable always trigger assert_step_is_recorded;

-- The cases of all tenants whose next step may be taken now, the longest waiting first.
create function sealdesk.cases_to_run(kinds text[], most integer)
  returns table (tenant uuid, id uuid, kind text)
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select c.tenant, c.id, c.kind from cases c
  where c.wake_at_ms <= database_now_ms() and c.kind = any(kinds)
  order by c.wake_at_ms limit most
$$;
create policy find_waking on sealdesk.cases for select to sealdesk_owner using (wake_at_ms is not null);
revoke execute on function sealdesk.cases_to_run(text[], integer) from public;
grant execute on function sealdesk.cases_to_run(text[], integer) to sealdesk_app;

reset role;
