-- Up Migration
set role sealdesk_owner;

-- What the records of a conversation are, for retention and holds: what is received from `from_ms` on.
create table sealdesk.classifications (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null,
  from_ms bigint not null,
  data_class text check (data_class ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  team text check (team ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  region text check (region ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  classified_by text not null,
  primary key (tenant, conversation, from_ms),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id)
);
create index classifications_team on sealdesk.classifications (tenant, team) where team is not null;

-- The versions of a tenant's retention schedule. A rule names labels and days; the one with the most labels decides.
create table sealdesk.retention_versions (
  tenant uuid not null references sealdesk.tenants,
  version integer not null check (version > 0),
  rules jsonb not null check (jsonb_typeof(rules) = 'array'),
  hash bytea not null check (length(hash) = 32),
  saved_by text not null,
  saved_at_ms bigint not null,
  -- When it is to take effect; null for as soon as it may.
  begins_at_ms bigint,
  -- The request that another person approves; null if no record ends earlier by it than before.
  approval uuid,
  effective_from_ms bigint,
  primary key (tenant, version),
  unique (tenant, approval),
  foreign key (tenant, approval) references sealdesk.approvals (tenant, id)
);

-- How long the law demands that records are kept. A lock is lengthened, and neither shortened nor removed.
create table sealdesk.retention_locks (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  data_class text check (data_class ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  team text check (team ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  region text check (region ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  days integer not null check (days between 1 and 36500),
  citation text not null check (length(citation) between 1 and 200),
  set_by text not null,
  set_at_ms bigint not null,
  primary key (tenant, id),
  unique nulls not distinct (tenant, data_class, team, region)
);
create function sealdesk.only_lengthen_lock() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and new.days >= old.days
    and (new.tenant, new.id) = (old.tenant, old.id)
    and (new.data_class, new.team, new.region) is not distinct from (old.data_class, old.team, old.region) then
    return new;
  end if;
  raise exception 'a retention lock is lengthened only' using errcode = 'restrict_violation';
end
$$;
revoke execute on function sealdesk.only_lengthen_lock() from public;
create trigger locks_are_only_lengthened before update or delete on sealdesk.retention_locks
  for each row execute function sealdesk.only_lengthen_lock();
create trigger locks_stay before truncate on sealdesk.retention_locks
  for each statement execute function sealdesk.only_lengthen_lock();
alter table sealdesk.retention_locks enable always trigger locks_are_only_lengthened;
alter table sealdesk.retention_locks enable always trigger locks_stay;

do $$
declare
  name text;
begin
  foreach name in array array['classifications', 'retention_versions', 'retention_locks'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert on sealdesk.classifications to sealdesk_app;
grant select, insert (tenant, version, rules, hash, saved_by, saved_at_ms, begins_at_ms, approval)
  on sealdesk.retention_versions to sealdesk_app;
grant select, insert, update (days, citation, set_by, set_at_ms) on sealdesk.retention_locks to sealdesk_app;

-- The days for which a schedule keeps records with these labels; null for ever. Locks of others count for nothing.
create function sealdesk.retained_days(rules jsonb, for_class text, for_team text, for_region text) returns integer
  language sql stable
  return (
    select greatest(r.days, (
      select max(l.days) from sealdesk.retention_locks l
      where l.tenant = sealdesk.current_tenant()
        and (l.data_class is null or l.data_class = for_class)
        and (l.team is null or l.team = for_team) and (l.region is null or l.region = for_region)))
    from jsonb_to_recordset(rules) as r ("dataClass" text, team text, region text, days integer)
    where (r."dataClass" is null or r."dataClass" = for_class)
      and (r.team is null or r.team = for_team) and (r.region is null or r.region = for_region)
    order by num_nonnulls(r."dataClass", r.team, r.region) desc, r.days desc limit 1);

-- The rules in force now.
create function sealdesk.retention_rules() returns jsonb
  language sql stable
  return coalesce((
    select v.rules from sealdesk.retention_versions v
    where v.tenant = sealdesk.current_tenant() and v.effective_from_ms <= sealdesk.database_now_ms()
    order by v.effective_from_ms desc, v.version desc limit 1), '[]');

-- The labels of a conversation's records by their times of receipt. Before the first classification there are none.
create function sealdesk.classified_spans(of_conversation uuid)
  returns table (from_ms bigint, until_ms bigint, data_class text, team text, region text)
  language sql stable
begin atomic
  select c.from_ms, lead(c.from_ms, 1, 9223372036854775807) over (order by c.from_ms), c.data_class, c.team, c.region
  from sealdesk.classifications c
  where c.tenant = sealdesk.current_tenant() and c.conversation = of_conversation
  union all
  select 0, coalesce(min(c.from_ms), 9223372036854775807), null, null, null
  from sealdesk.classifications c
  where c.tenant = sealdesk.current_tenant() and c.conversation = of_conversation;
end;

-- The times of receipt whose records in a conversation have expired at a time, by a schedule.
create function sealdesk.expired_ranges(of_conversation uuid, rules jsonb, at_ms bigint) returns int8multirange
  language sql stable
  return (
    select coalesce(range_agg(int8range(s.from_ms, least(s.until_ms, at_ms - d.days * 86400000::bigint))), '{}')
    from sealdesk.classified_spans(of_conversation) s
    cross join lateral (select sealdesk.retained_days(rules, s.data_class, s.team, s.region) as days) d
    where d.days is not null and least(s.until_ms, at_ms - d.days * 86400000::bigint) > s.from_ms);

-- Until when locks preserve what was received in a conversation from `item_from_ms` on and before `item_until_ms`.
create function sealdesk.locks_on(item_conversation uuid, item_from_ms bigint, item_until_ms bigint)
  returns table (lock uuid, until_ms bigint)
  language sql stable
begin atomic
  select l.id, max(least(s.until_ms, item_until_ms, sealdesk.database_now_ms()) + l.days * 86400000::bigint)
  from sealdesk.classified_spans(item_conversation) s
  join sealdesk.retention_locks l on l.tenant = sealdesk.current_tenant()
    and (l.data_class is null or l.data_class = s.data_class)
    and (l.team is null or l.team = s.team) and (l.region is null or l.region = s.region)
  where s.from_ms < item_until_ms and s.until_ms > item_from_ms
  group by l.id
  having max(least(s.until_ms, item_until_ms, sealdesk.database_now_ms()) + l.days * 86400000::bigint)
    > sealdesk.database_now_ms();
end;

-- A hold by team covers the conversations that are or were classified with the team.
alter table sealdesk.hold_items
  add column team text check (team ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  drop constraint hold_items_check,
  add constraint hold_items_name_something check (num_nonnulls(subject, conversation, team, from_ms, until_ms) > 0);

-- The times of receipt that holds in force preserve in a conversation.
create function sealdesk.held_ranges(of_conversation uuid, of_subject uuid)
  returns table (hold uuid, from_ms bigint, until_ms bigint)
  language sql stable
begin atomic
  select h.id, coalesce(i.from_ms, 0), coalesce(i.until_ms, 9223372036854775807)
  from sealdesk.holds h join sealdesk.hold_items i on i.tenant = h.tenant and i.hold = h.id
  where h.tenant = sealdesk.current_tenant() and h.released_at_ms is null
    and (i.conversation is null or i.conversation = of_conversation)
    and (i.subject is null or i.subject = of_subject or exists (
      select from sealdesk.members m where m.conversation = of_conversation and m.user_id = i.subject))
    and (i.team is null or exists (
      select from sealdesk.classifications c
      where c.tenant = h.tenant and c.conversation = of_conversation and c.team = i.team));
end;

-- The times of receipt whose records have expired and may be deleted.
create function sealdesk.purgeable_ranges(of_conversation uuid, of_subject uuid, rules jsonb, at_ms bigint)
  returns int8multirange
  language sql stable
  return sealdesk.expired_ranges(of_conversation, rules, at_ms) - (
    select coalesce(range_agg(int8range(h.from_ms, h.until_ms)), '{}')
    from sealdesk.held_ranges(of_conversation, of_subject) h);

create or replace function sealdesk.holds_on(
  item_subject uuid, item_conversation uuid, item_from_ms bigint, item_until_ms bigint
) returns setof uuid
  language sql stable set search_path = sealdesk, pg_temp
as $$
  select distinct r.hold from held_ranges(item_conversation, item_subject) r
  where item_conversation is not null and item_from_ms < r.until_ms and item_until_ms > r.from_ms
  union
  select h.id from holds h join hold_items i on i.tenant = h.tenant and i.hold = h.id
  where item_conversation is null and h.tenant = current_tenant() and h.released_at_ms is null
    and i.subject = item_subject and num_nonnulls(i.conversation, i.team, i.from_ms, i.until_ms) = 0
$$;

-- Whether a schedule ends any record earlier than another one.
create function sealdesk.shortens_retention(before jsonb, after jsonb) returns boolean
  language sql stable
  return exists (
    with named as (
      select r."dataClass" as data_class, r.team, r.region
      from jsonb_to_recordset(before || after) as r ("dataClass" text, team text, region text))
    select from (select data_class from named union select null) c
    cross join (select team from named union select null) t
    cross join (select region from named union select null) g
    where coalesce(sealdesk.retained_days(after, c.data_class, t.team, g.region), 2147483647)
      < coalesce(sealdesk.retained_days(before, c.data_class, t.team, g.region), 2147483647));

-- Lets a version take effect, once. One that ends records earlier needs another person's approval.
create function sealdesk.retention_takes_effect(saved integer) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update retention_versions v
  set effective_from_ms = greatest(coalesce(v.begins_at_ms, 0), database_now_ms())
  where v.tenant = current_tenant() and v.version = saved and v.effective_from_ms is null
    -- Otherwise the version to come could end records earlier than the one before it, and nobody approved that.
    and not exists (
      select from retention_versions later
      where later.tenant = v.tenant and later.effective_from_ms > database_now_ms())
    and (exists (
      select from approvals a
      where a.tenant = v.tenant and a.id = v.approval and a.action = 'retention.approve'
        and a.parameters ->> 'hash' = encode(v.hash, 'hex') and a.executed_at_ms is not null)
    or (v.approval is null and not shortens_retention(retention_rules(), v.rules)))
  returning v.effective_from_ms
$$;
revoke execute on function sealdesk.retention_takes_effect(integer) from public;
grant execute on function sealdesk.retention_takes_effect(integer) to sealdesk_app;

-- It knew neither holds nor locks, and left no entry in the audit log.
drop function sealdesk.purge_events(timestamptz);

-- Deletes what has expired in conversations of one tenant and no hold covers, at most `most` events. The last event of a
-- conversation stays, from which the log continues, and the last change of the members (kinds 2 to 7), from which devices
-- that were away take them. So does the last event that is no message (kind 1), because no receipt may name an earlier
-- place. References to attachments go; the sweep of attachments removes those without any. The caller's transaction has
-- locked the holds.
create function sealdesk.purge_expired(of_conversations uuid[], most integer)
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
    delete from sealdesk.attachment_references f using sealdesk.attachments a, ended
    where f.conversation = ended.id and a.id = f.attachment and a.state = 'complete'
      and a.created_at_ms >= ended.from_ms and a.created_at_ms < ended.until_ms
    returning f.conversation
  )
  select counted.id, counted.events::integer, counted.attachments::integer from (
    select coalesce(g.of, u.of) as id, coalesce(g.count, 0) as events, coalesce(u.count, 0) as attachments
    from (select gone.conversation as of, count(*) as count from gone group by 1) g
    full join (select unreferenced.conversation as of, count(*) as count from unreferenced group by 1) u
      on u.of = g.of) counted;
end
$$;
revoke execute on function sealdesk.purge_expired(uuid[], integer) from public;
grant execute on function sealdesk.purge_expired(uuid[], integer) to sealdesk_app;

reset role;
