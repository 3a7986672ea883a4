-- Up Migration
set role sealdesk_owner;

-- What the operator's log last said about the settings of nodes, and which migrations it told of. A
-- node that starts compares them with what there is, and records the difference. So nothing is missed
-- when a process is killed between a change and its entry.
create table audit.recorded_settings (
  -- The name of the variable.
  name text primary key,
  -- HMAC-SHA-256 of the value, which may be a secret.
  tag bytea not null check (length(tag) = 32),
  -- The value as entries show it; null if they do not show it.
  shown text
);
create table audit.recorded_migrations (name text primary key);

-- The salts of the pseudonyms of networks in entries of failed sign-ins. A salt is deleted when its
-- day is over, so that nobody can compute the pseudonyms of that day any more.
create table sealdesk.network_salts (
  -- Days since the Unix epoch.
  day integer primary key,
  salt bytea not null check (length(salt) = 32)
);

-- They belong to no tenant. Only transactions of the operator's log see them.
do $$
declare
  each regclass;
begin
  foreach each in array array['audit.recorded_settings', 'audit.recorded_migrations',
    'sealdesk.network_salts']::regclass[]
  loop
    execute format('alter table %s enable row level security', each);
    execute format('alter table %s force row level security', each);
    execute format('create policy operator on %s to sealdesk_app
      using (sealdesk.current_tenant() = ''00000000-0000-0000-0000-000000000000'')', each);
  end loop;
end
$$;
grant select, insert, update (tag, shown), delete on audit.recorded_settings to sealdesk_app;
grant select, insert on audit.recorded_migrations to sealdesk_app;
grant select, insert, delete on sealdesk.network_salts to sealdesk_app;

-- Whoever appends to the operator's log checks that the entry was stored.
grant select (leaf_hash) on audit.entries to sealdesk_integrator;

reset role;
