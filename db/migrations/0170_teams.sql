-- Up Migration
set role sealdesk_owner;

-- [{"group": ..., "team": ...}]. Whoever is in a group is in its team.
alter table sealdesk.identity_providers
  add column teams jsonb not null default '[]' check (jsonb_typeof(teams) = 'array');

-- The teams that accounts of staff work in.
create table sealdesk.team_members (
  tenant uuid not null references sealdesk.tenants,
  team text not null check (team ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  user_id uuid not null,
  -- The provider whose groups put the account into the team; null if an administrator did.
  provider uuid,
  since_ms bigint not null,
  primary key (tenant, team, user_id),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id) on delete cascade,
  foreign key (tenant, provider) references sealdesk.identity_providers (tenant, id) on delete cascade
);
create index team_members_of_an_account on sealdesk.team_members (tenant, user_id);
create index team_members_of_a_provider on sealdesk.team_members (tenant, provider) where provider is not null;
alter table sealdesk.team_members enable row level security, force row level security;
create policy tenant on sealdesk.team_members using (tenant = sealdesk.current_tenant());
grant select on sealdesk.team_members to sealdesk_app;

-- Every node is told of a change, as of a change of a role, and certifies the account anew.
create function sealdesk.announce_team() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  changed sealdesk.team_members := case when tg_op = 'DELETE' then old else new end;
begin
  perform pg_notify('sealdesk_roles', changed.tenant::text || ' ' || changed.user_id::text);
  return null;
end
$$;
create trigger teams_are_announced after insert or delete on sealdesk.team_members
  for each row execute function sealdesk.announce_team();

-- Nothing that an erasure has forgotten is written again by a transaction that found the account before it.
alter table sealdesk.users add constraint users_erased_have_no_names
  check (erased_at_ms is null or (username_index is null and identity_index is null));

-- An erased account is in no team.
create function sealdesk.leave_teams() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  delete from sealdesk.team_members where tenant = new.tenant and user_id = new.id;
  return null;
end
$$;
create trigger erased_accounts_leave_teams after update of erased_at_ms on sealdesk.users
  for each row when (old.erased_at_ms is null and new.erased_at_ms is not null)
  execute function sealdesk.leave_teams();

-- Makes the teams that a provider gives an account of staff those of the person's groups. The application may do this at a
-- sign-in, with the teams that are mapped for the provider. Returns what has changed.
create function sealdesk.follow_groups(account uuid, of_provider uuid, person_groups text[], at_ms bigint)
  returns table (changed_team text, is_member boolean)
  language sql security definer set search_path = sealdesk, pg_temp
as $$
  with mapped as (
    select distinct m.team
    from identity_providers p cross join jsonb_to_recordset(p.teams) as m ("group" text, team text)
    where p.tenant = current_tenant() and p.id = of_provider and m."group" = any(person_groups)
      and exists (select from users u where u.tenant = p.tenant and u.id = account and u.username_index is not null
        and u.disabled_at_ms is null and u.erased_at_ms is null)
  ), left_teams as (
    delete from team_members t
    where t.tenant = current_tenant() and t.user_id = account and t.provider = of_provider
      and t.team not in (select m.team from mapped m)
    returning t.team
  ), joined as (
    insert into team_members as t (tenant, team, user_id, provider, since_ms)
    select current_tenant(), m.team, account, of_provider, at_ms from mapped m
    -- The directory takes over a membership that an administrator or another provider gave.
    on conflict (tenant, team, user_id) do update set provider = excluded.provider, since_ms = excluded.since_ms
      where t.provider is distinct from excluded.provider
    returning t.team
  )
  select j.team, true from joined j union all select l.team, false from left_teams l order by 1
$$;
revoke execute on function sealdesk.follow_groups(uuid, uuid, text[], bigint) from public;
grant execute on function sealdesk.follow_groups(uuid, uuid, text[], bigint) to sealdesk_app;

-- The teams for which the certificate was asked. If the account has others, it is due.
alter table sealdesk.staff_certificates add column teams text[] not null default '{}';
grant update (teams) on sealdesk.staff_certificates to sealdesk_app;

reset role;
