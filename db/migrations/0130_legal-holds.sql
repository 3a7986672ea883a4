-- Up Migration
set role sealdesk_owner;

-- What a court, a regulator or a dispute demands to be kept. Nothing that a hold covers is destroyed or purged until two
-- people have released it.
create table sealdesk.holds (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  -- How the organisation names the matter, such as the number of a file. It is in no certificate.
  matter text not null check (length(matter) between 1 and 200),
  -- The law or the order that demands the hold.
  citation text not null check (length(citation) between 1 and 200),
  custodian uuid not null,
  placed_by text not null,
  placed_at_ms bigint not null,
  review_at_ms bigint not null check (review_at_ms > placed_at_ms),
  -- Certificates name a hold by a commitment, so that they can be proved and tell nobody the matter.
  salt bytea not null check (length(salt) = 32),
  commitment bytea not null check (length(commitment) = 32),
  released_at_ms bigint,
  -- The request for the release that two people agreed on.
  release uuid,
  check ((released_at_ms is null) = (release is null)),
  primary key (tenant, id),
  foreign key (tenant, custodian) references sealdesk.users (tenant, id),
  foreign key (tenant, release) references sealdesk.approvals (tenant, id)
);
create index holds_in_force on sealdesk.holds (tenant, id) where released_at_ms is null;

-- What a hold covers: whatever fulfils every field of one of its rows that is not null.
create table sealdesk.hold_items (
  tenant uuid not null references sealdesk.tenants,
  hold uuid not null,
  position smallint not null,
  -- An account, and the conversations that it is or was a member of.
  subject uuid,
  conversation uuid,
  -- What was received from `from_ms` on and before `until_ms`.
  from_ms bigint,
  until_ms bigint,
  check (num_nonnulls(subject, conversation, from_ms, until_ms) > 0),
  check (until_ms > from_ms),
  primary key (tenant, hold, position),
  foreign key (tenant, hold) references sealdesk.holds (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id)
);
create index hold_items_subject on sealdesk.hold_items (tenant, subject) where subject is not null;
create index hold_items_conversation on sealdesk.hold_items (tenant, conversation) where conversation is not null;

-- The erasures that a hold keeps from their end. When the hold is released they wait for an officer.
create table sealdesk.deferred_erasures (
  tenant uuid not null references sealdesk.tenants,
  erasure uuid not null,
  hold uuid not null,
  subject uuid not null,
  -- Null for the account itself.
  conversation uuid,
  from_ms bigint not null default 0,
  until_ms bigint not null default 9223372036854775807,
  item uuid not null generated always as (coalesce(conversation, subject)) stored,
  deferred_at_ms bigint not null,
  -- When the last hold was released, and until when an officer must have seen to it.
  reopened_at_ms bigint,
  due_at_ms bigint check ((due_at_ms is null) = (reopened_at_ms is null)),
  escalated_at_ms bigint check (escalated_at_ms is null or reopened_at_ms is not null),
  attended_by text,
  attended_at_ms bigint check ((attended_at_ms is null) = (attended_by is null)),
  check (attended_at_ms is null or reopened_at_ms is not null),
  primary key (tenant, erasure, item, from_ms),
  foreign key (tenant, hold) references sealdesk.holds (tenant, id)
);
create index deferred_erasures_hold on sealdesk.deferred_erasures (tenant, hold) where reopened_at_ms is null;
create index deferred_erasures_due on sealdesk.deferred_erasures (due_at_ms)
  where reopened_at_ms is not null and attended_at_ms is null and escalated_at_ms is null;

do $$
declare
  name text;
begin
  foreach name in array array['holds', 'hold_items', 'deferred_erasures'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert (tenant, id, matter, citation, custodian, placed_by, placed_at_ms, review_at_ms, salt, commitment),
  update (review_at_ms) on sealdesk.holds to sealdesk_app;
grant select, insert on sealdesk.hold_items to sealdesk_app;
grant select, insert (tenant, erasure, hold, subject, conversation, from_ms, until_ms, deferred_at_ms),
  update (hold, reopened_at_ms, due_at_ms, escalated_at_ms, attended_by, attended_at_ms)
  on sealdesk.deferred_erasures to sealdesk_app;
-- A hold that was released stays as it is, and takes nothing more.
create policy released_once on sealdesk.holds as restrictive for update
  using (released_at_ms is null) with check (true);
create policy of_hold_in_force on sealdesk.hold_items as restrictive for insert with check (exists (
  select from sealdesk.holds h
  where h.tenant = hold_items.tenant and h.id = hold_items.hold and h.released_at_ms is null));

-- The holds in force that cover an item: an account if `item_conversation` is null, or else what was received in a
-- conversation from `item_from_ms` on and before `item_until_ms`. An account has no time, so a range covers none.
create function sealdesk.holds_on(
  item_subject uuid, item_conversation uuid, item_from_ms bigint, item_until_ms bigint
) returns setof uuid
  language sql stable set search_path = sealdesk, pg_temp
as $$
  select distinct h.id from holds h join hold_items i on i.tenant = h.tenant and i.hold = h.id
  where h.tenant = current_tenant() and h.released_at_ms is null
    and (i.conversation is null or i.conversation = item_conversation)
    and (i.subject is null or i.subject = item_subject or exists (
      select from members m where m.conversation = item_conversation and m.user_id = i.subject))
    and (num_nonnulls(i.from_ms, i.until_ms) = 0 or (item_conversation is not null
      and item_from_ms < coalesce(i.until_ms, 9223372036854775807) and item_until_ms > coalesce(i.from_ms, 0)))
$$;

-- Releases a hold whose release two people have agreed on, once. Returns when; null if it is not approved.
create function sealdesk.release_hold(held uuid, request uuid) returns bigint
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  update holds h set released_at_ms = database_now_ms(), release = a.id
  from approvals a
  where h.tenant = current_tenant() and h.id = held and h.released_at_ms is null
    and a.tenant = h.tenant and a.id = request and a.action = 'hold.release'
    and a.parameters ->> 'hold' = h.id::text and a.executed_at_ms is not null
  returning h.released_at_ms
$$;
revoke execute on function sealdesk.release_hold(uuid, uuid) from public;
grant execute on function sealdesk.release_hold(uuid, uuid) to sealdesk_app;

-- The tenants with an erasure that nobody has seen to in time.
create function sealdesk.tenants_with_overdue_erasures() returns setof uuid
  language sql stable security definer set search_path = sealdesk, pg_temp
as $$
  select distinct tenant from deferred_erasures
  where due_at_ms <= database_now_ms() and attended_at_ms is null and escalated_at_ms is null
$$;
create policy find_overdue on sealdesk.deferred_erasures for select to sealdesk_owner
  using (reopened_at_ms is not null and attended_at_ms is null and escalated_at_ms is null);
revoke execute on function sealdesk.tenants_with_overdue_erasures() from public;
grant execute on function sealdesk.tenants_with_overdue_erasures() to sealdesk_app;

reset role;
