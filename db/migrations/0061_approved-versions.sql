-- Up Migration
set role sealdesk_owner;

-- Only a version whose request another person approved is in force.
create or replace function sealdesk.policy_version() returns integer
  language sql stable parallel safe
  return coalesce((
    select v.version from sealdesk.policy_versions v
    join sealdesk.approvals a on a.tenant = v.tenant and a.id = v.approval
    where v.tenant = sealdesk.current_tenant() and v.withdrawn_at_ms is null
      and v.effective_from_ms <= sealdesk.database_now_ms() and a.executed_at_ms is not null
    order by v.effective_from_ms desc, v.version desc limit 1), 0);

-- Sets when an approved version takes effect, once. Returns null if it was withdrawn, has the time already, or
-- is not approved.
create function sealdesk.take_effect(approved integer) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update policy_versions v
  set effective_from_ms = greatest(coalesce(v.begins_at_ms, 0), database_now_ms())
  from approvals a
  where v.tenant = current_tenant() and v.version = approved and v.effective_from_ms is null
    and v.withdrawn_at_ms is null and a.tenant = v.tenant and a.id = v.approval
    and a.executed_at_ms is not null
  returning v.effective_from_ms
$$;
revoke execute on function sealdesk.take_effect(integer) from public;
grant execute on function sealdesk.take_effect(integer) to sealdesk_app;
revoke update (effective_from_ms) on sealdesk.policy_versions from sealdesk_app;

reset role;
