-- Up Migration

-- The keystore may be beside the data or, by KEYSTORE_URL, in another database. So it refers to
-- nothing outside itself. The owner holds the tables and never logs in. The server reaches them as
-- sealdesk_keystore, which can see nothing else.
do $$
declare
  name text;
begin
  foreach name in array array['sealdesk_keystore_owner', 'sealdesk_keystore'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
end
$$;

-- A login that is no superuser may act as these roles only if it is a member of them. Where somebody
-- else made the roles, they may have made it one.
do $$
declare
  name text;
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    return;
  end if;
  foreach name in array array['sealdesk_keystore_owner', 'sealdesk_keystore'] loop
    begin
      execute format('grant %I to %I', name, current_user);
    exception when insufficient_privilege then
      null;
    end;
  end loop;
end
$$;

-- The server reads which migrations ran.
grant usage on schema keystore_migrations to sealdesk_keystore;
grant select on keystore_migrations.migrations to sealdesk_keystore;

create schema keystore authorization sealdesk_keystore_owner;

set role sealdesk_keystore_owner;

grant usage on schema keystore to sealdesk_keystore;

create function keystore.current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('sealdesk.tenant', true), '')::uuid;

-- The versions of a tenant's key-encryption key that may still wrap. Wrapping under an earlier version
-- is refused, so that the version can be destroyed when no row needs it any more.
create table keystore.keks (
  tenant uuid primary key,
  oldest_version integer not null default 1 check (oldest_version >= 1)
);

-- One key for each data subject, wrapped by the key service. A destroyed key stays as a row without
-- bytes, so that it is never made again.
create table keystore.subject_keys (
  tenant uuid not null,
  subject uuid not null,
  kek_version integer not null check (kek_version >= 1),
  wrapped bytea,
  created_at_ms bigint not null,
  destroyed_at_ms bigint,
  primary key (tenant, subject),
  check ((wrapped is null) = (destroyed_at_ms is not null))
);
create index subject_keys_by_kek on keystore.subject_keys (tenant, kek_version) where wrapped is not null;

-- One key for each conversation, author and 30 days, wrapped under the key of the conversation's
-- subject.
create table keystore.scope_keys (
  id uuid primary key,
  tenant uuid not null,
  subject uuid not null,
  conversation uuid not null,
  author uuid not null,
  period integer not null,
  wrapped bytea,
  created_at_ms bigint not null,
  destroyed_at_ms bigint,
  unique (tenant, conversation, author, period),
  foreign key (tenant, subject) references keystore.subject_keys,
  check ((wrapped is null) = (destroyed_at_ms is not null))
);
create index scope_keys_by_subject on keystore.scope_keys (tenant, subject);

alter table keystore.keks enable row level security;
alter table keystore.subject_keys enable row level security;
alter table keystore.scope_keys enable row level security;
create policy tenant on keystore.keks using (tenant = keystore.current_tenant());
create policy tenant on keystore.subject_keys using (tenant = keystore.current_tenant());
create policy tenant on keystore.scope_keys using (tenant = keystore.current_tenant());

-- A tombstone remains a tombstone, whoever writes.
create function keystore.keep_tombstone() returns trigger language plpgsql as $$
begin
  if old.destroyed_at_ms is not null and (tg_op = 'DELETE' or new is distinct from old) then
    raise exception 'a destroyed key stays destroyed' using errcode = 'restrict_violation';
  end if;
  return coalesce(new, old);
end
$$;
create trigger subject_tombstones before update or delete on keystore.subject_keys
  for each row execute function keystore.keep_tombstone();
create trigger scope_tombstones before update or delete on keystore.scope_keys
  for each row execute function keystore.keep_tombstone();

grant select, insert on keystore.keks, keystore.subject_keys, keystore.scope_keys to sealdesk_keystore;
grant update (oldest_version) on keystore.keks to sealdesk_keystore;
grant update (wrapped, kek_version, destroyed_at_ms) on keystore.subject_keys to sealdesk_keystore;
grant update (wrapped, destroyed_at_ms) on keystore.scope_keys to sealdesk_keystore;

reset role;
