-- Up Migration
set role sealdesk_owner;

-- The processing of somebody's data is restricted (GDPR article 18): a case of the kind "restriction".
create table sealdesk.restrictions (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  subject uuid not null,
  -- The provision that demands it, such as "GDPR Article 18(1)(a)".
  law text not null check (length(law) between 1 and 200),
  -- The request that asked for it.
  request uuid,
  placed_by text not null check (length(placed_by) <= 200),
  conversations uuid[] not null check (cardinality(conversations) > 0),
  -- When it ends. The person is told this before (GDPR article 18(3)).
  lifts_at_ms bigint,
  primary key (tenant, case_id),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id),
  foreign key (tenant, request) references sealdesk.requests (tenant, id)
);
create index restrictions_subject on sealdesk.restrictions (tenant, subject);

-- The conversations that are restricted now, each by a case: a restriction, or an erasure that a legal hold or a retention
-- lock keeps from its end.
create table sealdesk.restricted_conversations (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null,
  case_id uuid not null,
  since_ms bigint not null,
  primary key (tenant, conversation, case_id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id)
);

do $$
declare
  name text;
begin
  foreach name in array array['restrictions', 'restricted_conversations'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert (tenant, case_id, subject, law, request, placed_by, conversations), update (lifts_at_ms)
  on sealdesk.restrictions to sealdesk_app;
grant select, insert on sealdesk.restricted_conversations to sealdesk_app;

-- Whoever may open a conversation that is restricted: the custodians of the holds in force that cover it.
create function sealdesk.custodians_of(restricted uuid) returns uuid[]
  language sql stable set search_path = sealdesk, pg_temp
as $$
  select coalesce(array_agg(distinct h.custodian), '{}')
  from conversations c
  cross join lateral holds_on(c.created_by, c.id, 0, 9223372036854775807) as held (id)
  join holds h on h.tenant = c.tenant and h.id = held.id
  where c.tenant = current_tenant() and c.id = restricted
$$;

-- Lets everybody open again what a restriction kept from them, when the announced time has come. Returns the conversations.
create function sealdesk.lift_restriction(restriction uuid) returns setof uuid
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  lifted uuid[];
begin
  if not exists (
    select from restrictions r
    where r.tenant = current_tenant() and r.case_id = restriction and r.lifts_at_ms <= database_now_ms()
  ) then
    return;
  end if;
  with gone as (
    delete from restricted_conversations
      where tenant = current_tenant() and case_id = restriction returning conversation)
  select coalesce(array_agg(conversation), '{}') into lifted from gone;
  -- The restriction has taken the next number of each log. What is still fenced or restricted keeps its fence.
  delete from events e using conversations c
    where c.tenant = current_tenant() and c.id = any(lifted) and e.tenant = c.tenant and e.conversation = c.id
      and e.kind = 0 and e.seq = 1 + (
        select max(last.seq) from events last
        where last.tenant = c.tenant and last.conversation = c.id and last.kind > 0)
      and not exists (
        select from users u where u.tenant = c.tenant and u.id = c.created_by and u.fenced_at_ms is not null)
      and not exists (
        select from restricted_conversations r where r.tenant = c.tenant and r.conversation = c.id);
  return query select unnest(lifted);
end
$$;
revoke execute on function sealdesk.lift_restriction(uuid) from public;
grant execute on function sealdesk.lift_restriction(uuid) to sealdesk_app;

reset role;
