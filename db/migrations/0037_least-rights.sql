-- Up Migration
set role sealdesk_owner;

-- The application creates the first version of each server key, and nothing else. It rotates, rewraps
-- and retires none, so it can neither destroy a key that serves nor replace one.
revoke insert, update on sealdesk.server_keys from sealdesk_app;
revoke update (provider, wrapping_version, wrapped, retired_at_ms, serves_until_ms, destroyed_at_ms)
  on sealdesk.server_keys from sealdesk_app;
grant insert (name, version, provider, wrapping_version, wrapped, created_at_ms)
  on sealdesk.server_keys to sealdesk_app;

-- Destroys the keys whose time is over by the database's clock.
create function sealdesk.destroy_expired_server_keys(out name text, out version integer)
  returns setof record
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  with clock as (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms)
  update server_keys k set wrapped = null, destroyed_at_ms = clock.now_ms
  from clock where k.retired_at_ms is not null and k.serves_until_ms <= clock.now_ms
    and k.wrapped is not null
  returning k.name, k.version
$$;
revoke execute on function sealdesk.destroy_expired_server_keys() from public;
grant execute on function sealdesk.destroy_expired_server_keys() to sealdesk_app;

-- The application creates customers. Only the owner creates staff, gives roles and sets passwords.
alter table sealdesk.users alter column role set default 'customer';
revoke insert on sealdesk.users from sealdesk_app;
revoke update (password_hash, display_name) on sealdesk.users from sealdesk_app;
grant insert (id, tenant, subject_index, created_at_ms) on sealdesk.users to sealdesk_app;

-- Columns that identify a prekey are never changed.
revoke update on sealdesk.signed_prekeys, sealdesk.one_time_prekeys from sealdesk_app;
grant update (id, public_key, signature) on sealdesk.signed_prekeys to sealdesk_app;
grant update (public_key, signature) on sealdesk.one_time_prekeys to sealdesk_app;

-- Foreign keys are checked without row-level security. So each of them includes the tenant, and a row
-- cannot refer to another tenant's row.
do $$
declare
  fk record;
begin
  for fk in
    select c.conname as name, c.conrelid::regclass as child, c.confrelid::regclass as parent,
      own.attname as own_column, other.attname as other_column, c.confdeltype = 'c' as cascades
    from pg_constraint c
    join pg_attribute own on own.attrelid = c.conrelid and own.attnum = c.conkey[1]
    join pg_attribute other on other.attrelid = c.confrelid and other.attnum = c.confkey[1]
    where c.contype = 'f' and c.connamespace = 'sealdesk'::regnamespace
      and c.confrelid <> 'sealdesk.tenants'::regclass
      and array_length(c.conkey, 1) = 1 and own.attname <> 'tenant'
  loop
    if not exists (
      select from pg_constraint u where u.conrelid = fk.parent and u.contype in ('u', 'p')
        and (select array_agg(a.attname::text order by a.attname::text) from pg_attribute a
          where a.attrelid = u.conrelid and a.attnum = any(u.conkey))
          = (select array_agg(each order by each)
            from unnest(array['tenant', fk.other_column::text]) as each)
    ) then
      execute format('alter table %s add unique (tenant, %I)', fk.parent, fk.other_column);
    end if;
    execute format('alter table %s drop constraint %I', fk.child, fk.name);
    execute format(
      'alter table %s add constraint %I foreign key (tenant, %I) references %s (tenant, %I) %s',
      fk.child, fk.name, fk.own_column, fk.parent, fk.other_column,
      case when fk.cascades then 'on delete cascade' else '' end);
  end loop;
end
$$;

-- Where a table has no foreign key, its unique keys include the tenant, so that nobody can take the
-- place of another tenant's row.
alter table sealdesk.cursors drop constraint cursors_pkey,
  add primary key (conversation, device, tenant);
alter table sealdesk.sender_keys drop constraint sender_keys_pkey,
  add primary key (conversation, key_id, tenant);
alter table sealdesk.key_entries drop constraint key_entries_entry_key,
  add unique (entry, tenant);

create or replace function sealdesk.ensure_partitions(at timestamptz) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  first timestamptz := date_trunc('month', at, 'UTC');
  suffix text := to_char(first at time zone 'UTC', 'YYYY_MM');
  from_ms bigint := extract(epoch from first) * 1000;
  until_ms bigint := extract(epoch from date_trunc('month', first + interval '32 days', 'UTC')) * 1000;
  parent text;
begin
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('sealdesk.ensure_partitions'));
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  foreach parent in array array['events', 'packets'] loop
    execute format('create table sealdesk.%1$s_%2$s partition of sealdesk.%1$s for values from (%3$s) to (%4$s)', parent, suffix, from_ms, until_ms);
    -- A partition is reached through its parent, whose policies then apply. Nobody reads it directly.
    execute format('alter table sealdesk.%s_%s enable row level security, force row level security', parent, suffix);
  end loop;
  execute format('create unique index events_%s_seq on sealdesk.events_%s (conversation, seq, tenant)', suffix, suffix);
  execute format('create unique index events_%s_message on sealdesk.events_%s (conversation, sender_device, client_message_id, tenant) where kind = 1', suffix, suffix);
  execute format('create unique index packets_%s_seq on sealdesk.packets_%s (conversation, device, seq, tenant)', suffix, suffix);
end
$$;

-- The partitions that exist get the same indexes.
do $$
declare
  suffix text;
begin
  for suffix in
    select substring(relname from 8) from pg_class
    where relnamespace = 'sealdesk'::regnamespace and relispartition and relkind = 'r' and relname like 'events\_%'
  loop
    execute format('drop index sealdesk.events_%s_seq, sealdesk.events_%s_message, sealdesk.packets_%s_seq', suffix, suffix, suffix);
    execute format('create unique index events_%s_seq on sealdesk.events_%s (conversation, seq, tenant)', suffix, suffix);
    execute format('create unique index events_%s_message on sealdesk.events_%s (conversation, sender_device, client_message_id, tenant) where kind = 1', suffix, suffix);
    execute format('create unique index packets_%s_seq on sealdesk.packets_%s (conversation, device, seq, tenant)', suffix, suffix);
    execute format('alter table sealdesk.events_%s enable row level security', suffix);
    execute format('alter table sealdesk.packets_%s enable row level security', suffix);
  end loop;
end
$$;

-- The owner of the tables is held to the policies too. What it does for all tenants has a policy.
do $$
declare
  each regclass;
begin
  for each in
    select oid::regclass from pg_class
    where relnamespace in ('sealdesk'::regnamespace, 'audit'::regnamespace)
      and relkind in ('r', 'p') and relrowsecurity
  loop
    execute format('alter table %s force row level security', each);
  end loop;
end
$$;
create policy owner on sealdesk.users for select to sealdesk_owner using (subject_index is not null);
create policy owner on audit.entries to sealdesk_owner using (tenant = sealdesk.current_tenant());
create policy owner on audit.personal_fields to sealdesk_owner using (tenant = sealdesk.current_tenant());
create policy owner on audit.logs to sealdesk_owner using (id = sealdesk.current_tenant());
create policy owner on audit.leaves to sealdesk_owner using (log = sealdesk.current_tenant());
create policy owner on audit.tiles to sealdesk_owner using (log = sealdesk.current_tenant());
create policy owner on audit.trees to sealdesk_owner using (log = sealdesk.current_tenant());
create policy owner on audit.checkpoints to sealdesk_owner using (log = sealdesk.current_tenant());
create policy owner on audit.cosignatures to sealdesk_owner using (log = sealdesk.current_tenant());
-- Entries of every log await integration. The trigger that notes them runs as the owner.
create policy owner on audit.pending to sealdesk_owner
  using (log = sealdesk.current_tenant()) with check (true);

reset role;
