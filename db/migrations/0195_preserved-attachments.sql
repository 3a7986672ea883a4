-- Up Migration
set role sealdesk_owner;

-- The erasure that removes an attachment and counts it in its certificate. The sweep leaves it to that.
alter table sealdesk.attachments
  add column erased_by uuid,
  add foreign key (tenant, erased_by) references sealdesk.cases (tenant, id);
grant update (erased_by) on sealdesk.attachments to sealdesk_app;

-- When the message arrived that an attachment belongs to. Messages are encrypted, so the server takes the first event of
-- the uploading device after the upload. Before there is one, it takes the time at which the upload would have expired,
-- because an upload is complete before.
create function sealdesk.attachment_at_ms(
  of_conversation uuid, by_device uuid, completed_at_seq bigint, expires_at_ms bigint
) returns bigint
  language sql stable
  return coalesce((
    select e.received_at_ms from sealdesk.events e
    where e.conversation = of_conversation and e.seq > completed_at_seq and e.kind > 0 and e.sender_device = by_device
    order by e.seq limit 1), expires_at_ms);

-- Whether a hold or a retention lock preserves an attachment. Neither begins until the caller's transaction ends.
create function sealdesk.is_attachment_preserved(of_attachment uuid) returns boolean
  language plpgsql volatile set search_path = sealdesk, pg_temp
as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('sealdesk.retention'), hashtext(current_tenant()::text));
  perform pg_advisory_xact_lock_shared(hashtext('sealdesk.holds'), hashtext(current_tenant()::text));
  return exists (
    select from attachments a join conversations c on c.id = a.conversation
    cross join lateral attachment_at_ms(a.conversation, a.device, a.seq, a.expires_at_ms) as at_ms
    where a.id = of_attachment and (
      exists (select from holds_on(c.created_by, a.conversation, at_ms, at_ms + 1))
      or exists (select from locks_on(a.conversation, at_ms, at_ms + 1))));
end
$$;
revoke execute on function sealdesk.is_attachment_preserved(uuid) from public;
grant execute on function sealdesk.is_attachment_preserved(uuid) to sealdesk_app;

-- Deletes what has expired in conversations of one tenant and no hold covers, one conversation after the other, until
-- `most` events are deleted. The last event of a conversation stays, from which the log continues, and the last change of
-- the members (kinds 2 to 7), from which devices that were away take them. So does the last event that is no message
-- (kind 1), because no receipt may name an earlier place. References to attachments go with the events that they belong
-- to; the sweep of attachments removes those without any. The caller's transaction has locked the holds.
create or replace function sealdesk.purge_expired(of_conversations uuid[], most integer)
  returns table (conversation uuid, events integer, attachments integer)
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  rules jsonb := retention_rules();
  now_ms bigint := database_now_ms();
  rest bigint := most;
  ended int8multirange;
  span int8range;
  kept bigint[];
  until_seq bigint;
  deleted bigint;
begin
  foreach conversation in array of_conversations loop
    select purgeable_ranges(c.id, c.created_by, rules, now_ms) into ended from conversations c where c.id = conversation;
    continue when ended is null or isempty(ended);
    -- Before the events, because afterwards another event would be taken for that of an attachment.
    delete from attachment_references f using sealdesk.attachments a
      where f.conversation = purge_expired.conversation and a.id = f.attachment and a.state = 'complete'
        and attachment_at_ms(a.conversation, a.device, a.seq, a.expires_at_ms) <@ ended;
    get diagnostics attachments = row_count;
    select array_remove(array[
      (select max(l.seq) from sealdesk.events l where l.conversation = purge_expired.conversation and l.kind > 0),
      (select max(l.seq) from sealdesk.events l
        where l.conversation = purge_expired.conversation and l.kind > 1 and l.kind < 8),
      (select max(l.seq) from sealdesk.events l where l.conversation = purge_expired.conversation and l.kind > 1)], null)
      into kept;
    events := 0;
    -- By places in the log, which have an index: a join with the rows to delete would read whole partitions.
    foreach span in array array(select unnest(ended)) loop
      select max(x.seq) into until_seq from (
        select e.seq from sealdesk.events e
        where e.conversation = purge_expired.conversation and e.received_at_ms >= lower(span)
          and e.received_at_ms < upper(span) and e.kind > 0 and e.seq <> all(kept)
        order by e.seq limit rest) x;
      continue when until_seq is null;
      delete from packets p
        where p.conversation = purge_expired.conversation and p.received_at_ms >= lower(span)
          and p.received_at_ms < upper(span) and p.seq <= until_seq and p.seq <> all(kept);
      delete from sealdesk.events e
        where e.conversation = purge_expired.conversation and e.received_at_ms >= lower(span)
          and e.received_at_ms < upper(span) and e.kind > 0 and e.seq <= until_seq and e.seq <> all(kept);
      get diagnostics deleted = row_count;
      events := events + deleted;
      rest := rest - deleted;
      exit when rest <= 0;
    end loop;
    if events > 0 or attachments > 0 then return next; end if;
    exit when rest <= 0;
  end loop;
end
$$;

reset role;
