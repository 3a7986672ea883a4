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

-- Deletes what has expired in conversations of one tenant and no hold covers, at most `most` events. The last event of a
-- conversation stays, from which the log continues, and the last change of the members (kinds 2 to 7), from which devices
-- that were away take them. So does the last event that is no message (kind 1), because no receipt may name an earlier
-- place. References to attachments go with the events that they belong to; the sweep of attachments removes those without
-- any. The caller's transaction has locked the holds.
create or replace function sealdesk.purge_expired(of_conversations uuid[], most integer)
  returns table (conversation uuid, events integer, attachments integer)
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  rules jsonb := retention_rules();
  now_ms bigint := database_now_ms();
begin
  return query
  with ended as materialized (
    select c.id, lower(r) as from_ms, upper(r) as until_ms,
      (select max(l.seq) from sealdesk.events l where l.conversation = c.id and l.kind > 0) as last,
      (select max(l.seq) from sealdesk.events l where l.conversation = c.id and l.kind > 1 and l.kind < 8) as change,
      (select max(l.seq) from sealdesk.events l where l.conversation = c.id and l.kind > 1) as act
    from unnest(of_conversations) as asked (id) join sealdesk.conversations c on c.id = asked.id
    cross join lateral unnest(purgeable_ranges(c.id, c.created_by, rules, now_ms)) r
  ), candidates as materialized (
    select e.conversation, e.seq, e.received_at_ms
    from ended cross join lateral (
      select x.conversation, x.seq, x.received_at_ms from sealdesk.events x
      where x.conversation = ended.id and x.received_at_ms >= ended.from_ms and x.received_at_ms < ended.until_ms
        and x.kind > 0 and x.seq <> ended.last
        and x.seq is distinct from ended.change and x.seq is distinct from ended.act
      limit most) e
    limit most
  ), gone as (
    delete from sealdesk.events e using candidates d
    where e.conversation = d.conversation and e.seq = d.seq and e.received_at_ms = d.received_at_ms
    returning e.conversation
  ), packets_gone as (
    delete from sealdesk.packets p using candidates d
    where p.conversation = d.conversation and p.seq = d.seq and p.received_at_ms = d.received_at_ms
  ), unreferenced as (
    -- All at once with the first events, because a later statement would take another event for theirs.
    delete from sealdesk.attachment_references f using (
      select distinct x.id, r.conversation from ended
      join sealdesk.attachment_references r on r.conversation = ended.id
      join sealdesk.attachments x on x.id = r.attachment and x.state = 'complete'
      cross join lateral attachment_at_ms(x.conversation, x.device, x.seq, x.expires_at_ms) as at_ms
      where at_ms >= ended.from_ms and at_ms < ended.until_ms) expired
    where f.attachment = expired.id and f.conversation = expired.conversation
    returning f.conversation
  )
  select counted.id, counted.events::integer, counted.attachments::integer from (
    select coalesce(g.of, u.of) as id, coalesce(g.count, 0) as events, coalesce(u.count, 0) as attachments
    from (select gone.conversation as of, count(*) as count from gone group by 1) g
    full join (select unreferenced.conversation as of, count(*) as count from unreferenced group by 1) u
      on u.of = g.of) counted;
end
$$;

reset role;
