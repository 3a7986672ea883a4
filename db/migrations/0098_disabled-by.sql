-- Up Migration
set role sealdesk_owner;

-- Who disabled the account: "operator", or the id of the identity provider that did so over SCIM. A provider enables only
-- what it disabled itself.
alter table sealdesk.users add column disabled_by text;

-- Whether a group of the provider has given the person a role. Until then, an account that the person had before stays
-- as it is. Those who were written before this column count as such, so that leaving a group still disables them.
alter table sealdesk.provisioned_people add column gave_role boolean not null default true;
alter table sealdesk.provisioned_people alter column gave_role drop default;

-- Roles and names of provisioned accounts come over SCIM, and nothing changes a disabled account at a sign-in.
create or replace function sealdesk.update_provider_account(
  account uuid, provider uuid, wanted_role text,
  name_index bytea, sealed_name bytea, sealed_display_name bytea
) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  update users u set role = wanted_role, username_index = name_index, username = sealed_name,
    display_name = sealed_display_name
  from identity_providers p
  where u.tenant = current_tenant() and u.id = account and u.identity_index is not null
    and u.disabled_at_ms is null
    and p.tenant = u.tenant and p.id = provider and p.accounts <> 'scim-only'
    and (wanted_role = u.role or p.roles @> jsonb_build_array(jsonb_build_object('role', wanted_role)));
  if not found then
    raise exception 'the identity provider does not give this account this role'
      using errcode = 'insufficient_privilege';
  end if;
end
$$;

reset role;
