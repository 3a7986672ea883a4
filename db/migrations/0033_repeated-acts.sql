-- Up Migration
set role sealdesk_owner;

-- Counts acts of one kind by one account, for an hour at most. The log has the first ones in full.
-- The others are summed here until they become one entry. So nobody can fill the log, which is
-- permanent, with acts that cost nothing.
create table audit.repeats (
  tenant uuid not null,
  -- The account that acts, or that somebody tries to sign in to. Otherwise a part of the system.
  account text not null,
  action text not null,
  outcome text not null,
  -- The code of a refusal; empty for a success.
  reason text not null,
  class text not null,
  actor_kind text not null,
  actor_id text not null,
  -- When the hour began.
  since_ms bigint not null,
  -- How many acts there were, including those with an entry of their own.
  seen bigint not null,
  -- When the first and the last act without an entry of its own happened.
  first_ms bigint not null,
  last_ms bigint not null,
  primary key (tenant, account, action, outcome, reason)
) with (fillfactor = 50);
create index on audit.repeats (tenant, since_ms);

alter table audit.repeats enable row level security;
create policy tenant on audit.repeats using (tenant = sealdesk.current_tenant());
grant select, insert, update (seen, first_ms, last_ms), delete on audit.repeats to sealdesk_app;

reset role;
