-- Up Migration
set role sealdesk_owner;

-- Deletes the events that were received before a time, with their packets. It keeps the last event of each
-- conversation, from which the log continues, and the last change of the members (kinds 2 to 7). Devices that
-- were away take the members from it. It also keeps the last event that is no message (kind 1), because no
-- receipt may name an earlier place. Returns the number of events that were deleted.
create function sealdesk.purge_events(before timestamptz) returns bigint
  language plpgsql set search_path = sealdesk, pg_temp
as $$
declare
  before_ms bigint := extract(epoch from before) * 1000;
  deleted bigint;
begin
  with old as materialized (
    select distinct conversation from events where received_at_ms < before_ms and kind > 0
  ), kept as materialized (
    select conversation,
      (select max(e.seq) from events e where e.conversation = old.conversation and e.kind > 0) as last,
      (select max(e.seq) from events e where e.conversation = old.conversation and e.kind > 1 and e.kind < 8) as change,
      (select max(e.seq) from events e where e.conversation = old.conversation and e.kind > 1) as act
    from old
  )
  delete from events e using kept
  where e.conversation = kept.conversation and e.received_at_ms < before_ms and e.kind > 0
    and e.seq <> kept.last and e.seq is distinct from kept.change
    and e.seq is distinct from kept.act;
  get diagnostics deleted = row_count;
  delete from packets p
  where p.received_at_ms < before_ms and not exists (
    select from events e where e.conversation = p.conversation and e.seq = p.seq
      and e.received_at_ms = p.received_at_ms and e.kind > 0);
  return deleted;
end
$$;
revoke all on function sealdesk.purge_events(timestamptz) from public;

reset role;
