-- Up Migration
set role sealdesk_owner;

-- A question to a custodian that nobody answers for a week is told to officers again, once.
alter table sealdesk.potential_matches add column escalated_at_ms bigint;
create function sealdesk.tenants_with_overdue_matches() returns setof uuid
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select distinct tenant from potential_matches
  where asked_at_ms <= database_now_ms() - 604800000 and answered_at_ms is null and escalated_at_ms is null
$$;
create policy find_overdue on sealdesk.potential_matches for select to sealdesk_owner
  using (answered_at_ms is null and escalated_at_ms is null);
revoke execute on function sealdesk.tenants_with_overdue_matches() from public;
grant execute on function sealdesk.tenants_with_overdue_matches() to sealdesk_app;
grant update (escalated_at_ms) on sealdesk.potential_matches to sealdesk_app;

-- A person without conversations can ask for a restriction, too. It covers none.
alter table sealdesk.restrictions drop constraint restrictions_conversations_check;

reset role;
