-- Up Migration
set role sealdesk_owner;

-- When somebody stopped an approved version before it took effect. It never takes effect then.
alter table sealdesk.notices add column stopped_at_ms bigint,
  add constraint notices_stopped_check check (stopped_at_ms is null or effective_from_ms is null);

-- Publishes a notice whose request was approved. Returns when it takes effect, or null if it is not approved, or stopped.
create or replace function sealdesk.publish_notice(approved integer) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update notices n
  set effective_from_ms = greatest(coalesce(n.begins_at_ms, 0), database_now_ms())
  from approvals a
  where n.tenant = current_tenant() and n.version = approved and n.effective_from_ms is null
    and n.stopped_at_ms is null
    and a.tenant = n.tenant and a.id = n.approval and a.executed_at_ms is not null
  returning n.effective_from_ms
$$;

-- Stops an approved version that has not taken effect. Returns whether it did.
create function sealdesk.stop_notice(approved integer) returns boolean
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  with stopped as (
    update notices set effective_from_ms = null, stopped_at_ms = database_now_ms()
    where tenant = current_tenant() and version = approved and effective_from_ms > database_now_ms()
    returning version)
  select exists (select from stopped)
$$;
revoke execute on function sealdesk.stop_notice(integer) from public;
grant execute on function sealdesk.stop_notice(integer) to sealdesk_app;

reset role;
