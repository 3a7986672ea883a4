-- Up Migration
set role sealdesk_owner;

-- The planner copies the body of a function into a statement only if the body has no subquery. Almost all members
-- are there without break-glass, and then nothing is called for their rows.
create function sealdesk.is_running(access uuid) returns boolean
  language sql stable parallel safe
return exists (
  select from sealdesk.break_glass b
  where b.tenant = sealdesk.current_tenant() and b.id = access and b.ended_at_ms is null
    and b.granted_until_ms > sealdesk.database_now_ms()
);

-- Whether a membership is in force. One by break-glass ends with its access.
create or replace function sealdesk.is_current(by_break_glass uuid) returns boolean
  language sql stable parallel safe
return by_break_glass is null or sealdesk.is_running(by_break_glass);

reset role;
