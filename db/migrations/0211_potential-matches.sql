-- Up Migration
set role sealdesk_owner;

-- While a legal hold keeps a part of an erased person's data, the hash of who the person was names the erased account. So
-- the custodian of the hold can be asked when the same person comes back.
alter table sealdesk.suppressions
  add column held_subject uuid,
  add foreign key (tenant, held_subject) references sealdesk.users (tenant, id);

-- A new account that may be an erased person's whose data a hold keeps. Nothing links the two but the answer of a person.
create table sealdesk.potential_matches (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  hold uuid not null,
  -- The erased account, and the new one.
  former uuid not null,
  account uuid not null,
  asked_at_ms bigint not null,
  answer text check (answer in ('linked', 'not_linked')),
  answered_by text check (length(answered_by) <= 200),
  answered_at_ms bigint,
  check ((answer is null) = (answered_at_ms is null) and (answer is null) = (answered_by is null)),
  primary key (tenant, id),
  unique (tenant, hold, former, account),
  foreign key (tenant, hold) references sealdesk.holds (tenant, id),
  foreign key (tenant, former) references sealdesk.users (tenant, id),
  foreign key (tenant, account) references sealdesk.users (tenant, id)
);
create index potential_matches_open on sealdesk.potential_matches (tenant, hold) where answered_at_ms is null;
alter table sealdesk.potential_matches enable row level security, force row level security;
create policy tenant on sealdesk.potential_matches using (tenant = sealdesk.current_tenant());
-- An answer stays as it is.
create policy answered_once on sealdesk.potential_matches as restrictive for update
  using (answered_at_ms is null) with check (true);
grant select, insert (tenant, id, hold, former, account, asked_at_ms), update (answer, answered_by, answered_at_ms)
  on sealdesk.potential_matches to sealdesk_app;

-- Keeps suppressions of a fenced account, and then forgets who the person is: look-up indexes, keys and networks. Its
-- device rows stay, revoked, because others verify old signatures with their public keys. You may repeat it. What names a
-- person whose data a hold keeps is kept as long as what names a device.
create or replace function sealdesk.erase_account(person uuid, at_ms bigint, customer_until_ms bigint, device_until_ms bigint)
  returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  -- Whether a hold keeps a part of the person's data.
  held boolean := exists (
    select from deferred_erasures d
    where d.tenant = current_tenant() and d.subject = person and d.reopened_at_ms is null);
begin
  insert into suppressions (tenant, kind, hash, erased_at_ms, expires_at_ms, held_subject)
    select tenant, 'customer', hash, at_ms, case when held then device_until_ms else customer_until_ms end,
      case when held then person end
    from users, unnest(array[subject_index, identity_index, username_index]) as hash
    where tenant = current_tenant() and id = person and hash is not null
    union all
    select tenant, 'device', sha256(device_key), at_ms, device_until_ms, null
    from devices where tenant = current_tenant() and user_id = person
    on conflict (tenant, kind, hash) do update
      set erased_at_ms = greatest(suppressions.erased_at_ms, excluded.erased_at_ms),
        expires_at_ms = greatest(suppressions.expires_at_ms, excluded.expires_at_ms),
        held_subject = coalesce(excluded.held_subject, suppressions.held_subject);
  update users set subject_index = null, anonymous_key = null, account_key = null, identity_index = null,
      username_index = null, username = null, display_name = null, password_hash = null,
      fenced_at_ms = coalesce(fenced_at_ms, at_ms), erased_at_ms = coalesce(erased_at_ms, at_ms)
    where tenant = current_tenant() and id = person;
  update devices set revoked_at_ms = coalesce(revoked_at_ms, at_ms)
    where tenant = current_tenant() and user_id = person;
  update sessions set revoked_at_ms = coalesce(revoked_at_ms, at_ms), network = null, provider_session = null,
      identity_provider = null
    where tenant = current_tenant() and user_id = person;
  delete from one_time_prekeys p using devices d
    where p.tenant = current_tenant() and d.id = p.device and d.user_id = person;
  delete from signed_prekeys p using devices d
    where p.tenant = current_tenant() and d.id = p.device and d.user_id = person;
  delete from link_requests where tenant = current_tenant() and user_id = person;
  delete from passkeys where tenant = current_tenant() and user_id = person;
  delete from totp_factors where tenant = current_tenant() and user_id = person;
  delete from recovery_codes where tenant = current_tenant() and user_id = person;
  delete from password_resets where tenant = current_tenant() and user_id = person;
  -- The page of a request outlives the account. It does not show where the person lives.
  update requests r set residence = null from cases c
    where r.tenant = current_tenant() and c.tenant = r.tenant and c.id = r.id and c.subject = person;
  -- An identity provider that names the person again makes a new account.
  delete from provisioned_people where tenant = current_tenant() and user_id = person;
end
$$;

reset role;
