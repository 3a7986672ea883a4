-- Up Migration

set role sealdesk_keystore_owner;

-- Versions of the key-encryption key before this one are destroyed in the key service. It lags behind
-- oldest_version if a rotation was interrupted before it destroyed them.
alter table keystore.keks
  add column destroyed_before integer not null default 1 check (destroyed_before <= oldest_version);
grant update (destroyed_before) on keystore.keks to sealdesk_keystore;

-- No key is made below a destroyed one, whoever writes. The lock makes a destruction wait for keys that
-- are being made, and it then destroys them too.
create function keystore.insist_on_subject() returns trigger language plpgsql as $$
begin
  perform from keystore.subject_keys
    where tenant = new.tenant and subject = new.subject and wrapped is not null for share;
  if not found and new.wrapped is not null then
    raise exception 'the key above is destroyed' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger scope_subjects before insert on keystore.scope_keys
  for each row execute function keystore.insist_on_subject();

-- A scope's key is destroyed and never replaced, because what it sealed would be lost without a record.
create function keystore.keep_scope_key() returns trigger language plpgsql as $$
begin
  if new.wrapped is not null and new.wrapped is distinct from old.wrapped then
    raise exception 'a scope key is not replaced' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger scope_keys_kept before update on keystore.scope_keys
  for each row execute function keystore.keep_scope_key();

reset role;
