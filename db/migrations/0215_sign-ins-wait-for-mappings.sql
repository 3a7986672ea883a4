-- Up Migration
set role sealdesk_owner;

-- Like the function before, and waits for a change of the provider's mapping: a mapping that ends while somebody signs in
-- would otherwise leave the account in the team. An account that no group puts into a team needs no mapping. So a
-- sign-in that holds the account does not wait for a change over SCIM that waits for the account.
create or replace function sealdesk.follow_groups(account uuid, of_provider uuid, person_groups text[], at_ms bigint)
  returns table (changed_team text, is_member boolean)
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  if cardinality(person_groups) > 0 then
    perform from identity_providers p where p.tenant = current_tenant() and p.id = of_provider for share;
  end if;
  return query
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
    select j.team, true from joined j union all select l.team, false from left_teams l order by 1;
end
$$;

reset role;
