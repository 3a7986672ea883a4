-- Up Migration
set role sealdesk_owner;

-- From `fenced_at_ms` on, nothing more of the person is accepted. From `erased_at_ms` on, nobody finds the account by who
-- the person is: a person who comes back is a stranger.
alter table sealdesk.users
  add column fenced_at_ms bigint,
  add column erased_at_ms bigint check (erased_at_ms is null or fenced_at_ms is not null);
grant update (fenced_at_ms) on sealdesk.users to sealdesk_app;

-- Tells what an erased person still holds: hashes, kept until `expires_at_ms`. The hash of a customer is the keyed hash by
-- which the account was found; that of a device is SHA-256 of its public key, which is random.
create table sealdesk.suppressions (
  tenant uuid not null references sealdesk.tenants,
  kind text not null check (kind in ('customer', 'device')),
  hash bytea not null check (length(hash) = 32),
  erased_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > erased_at_ms),
  primary key (tenant, kind, hash)
);
create index suppressions_expiring on sealdesk.suppressions (tenant, expires_at_ms);
alter table sealdesk.suppressions enable row level security, force row level security;
create policy tenant on sealdesk.suppressions using (tenant = sealdesk.current_tenant());
grant select, delete on sealdesk.suppressions to sealdesk_app;

-- Keeps suppressions of a fenced account, and then forgets who the person is: look-up indexes, keys and networks. Its
-- device rows stay, revoked, because others verify old signatures with their public keys. You may repeat it.
create function sealdesk.erase_account(person uuid, at_ms bigint, customer_until_ms bigint, device_until_ms bigint)
  returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  insert into suppressions (tenant, kind, hash, erased_at_ms, expires_at_ms)
    select tenant, 'customer', hash, at_ms, customer_until_ms
    from users, unnest(array[subject_index, identity_index, username_index]) as hash
    where tenant = current_tenant() and id = person and hash is not null
    union all
    select tenant, 'device', sha256(device_key), at_ms, device_until_ms
    from devices where tenant = current_tenant() and user_id = person
    on conflict (tenant, kind, hash) do update
      set erased_at_ms = greatest(suppressions.erased_at_ms, excluded.erased_at_ms),
        expires_at_ms = greatest(suppressions.expires_at_ms, excluded.expires_at_ms);
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
revoke all on function sealdesk.erase_account(uuid, bigint, bigint, bigint) from public;
grant execute on function sealdesk.erase_account(uuid, bigint, bigint, bigint) to sealdesk_app;

-- Removes the sealed bytes of messages whose keys were destroyed, and the packets that these keys sealed. The place in
-- the log and its hashes stay. The first 17 bytes of a sealed value are its version and the id of its key; zeros take the
-- place of its nonce and its tag.
create function sealdesk.purge_sealed(conversations uuid[], key_ids bytea[]) returns bigint
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  purged bigint;
begin
  update events set ciphertext = substring(ciphertext for 17) || decode(repeat('00', 28), 'hex')
    where tenant = current_tenant() and conversation = any(conversations) and kind = 1
      and length(ciphertext) > 45 and substring(ciphertext from 2 for 16) = any(key_ids);
  get diagnostics purged = row_count;
  delete from packets
    where tenant = current_tenant() and conversation = any(conversations)
      and substring(bytes from 2 for 16) = any(key_ids);
  return purged;
end
$$;
revoke all on function sealdesk.purge_sealed(uuid[], bytea[]) from public;
grant execute on function sealdesk.purge_sealed(uuid[], bytea[]) to sealdesk_app;

reset role;
