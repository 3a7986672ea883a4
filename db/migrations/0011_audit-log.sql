-- Up Migration

-- Turns entries into a transparency log (C2SP tlog-tiles). Its only writer may append, and sees no
-- entry. Nobody may rewrite it, including the owner's sessions.
do $$
begin
  if not exists (select from pg_roles where rolname = 'sealdesk_integrator') then
    create role sealdesk_integrator nologin;
  end if;
end
$$;
-- The server's login becomes it by SET ROLE; sealdesk_app itself gains nothing. Before PostgreSQL 16
-- it is the member that says whether it inherits, not the grant.
do $$
begin
  if current_setting('server_version_num')::int >= 160000 then
    execute 'grant sealdesk_integrator to sealdesk_app with inherit false, set true';
  else
    alter role sealdesk_app noinherit;
    grant sealdesk_integrator to sealdesk_app;
  end if;
end
$$;

set role sealdesk_owner;
grant usage on schema sealdesk, audit to sealdesk_integrator;
grant select (id, slug) on sealdesk.tenants to sealdesk_integrator;

-- The operator's log has no tenant. Its id is 00000000-0000-0000-0000-000000000000. Row-level security
-- ties every other entry to the tenant of the session.
alter table audit.entries drop constraint entries_tenant_fkey;
drop policy tenant on audit.entries;
create policy tenant on audit.entries to sealdesk_app using (tenant = sealdesk.current_tenant())
  with check (tenant = sealdesk.current_tenant() and tenant <> '00000000-0000-0000-0000-000000000000');
create policy operator on audit.entries for insert to sealdesk_integrator
  with check (tenant = '00000000-0000-0000-0000-000000000000');
grant insert (tenant, entry) on audit.entries to sealdesk_integrator;
-- Entries are found by their index in the log: see audit.leaves.
drop index audit.entries_tenant_id_idx;

create table audit.logs (
  -- The id of a tenant, or of the operator's log.
  id uuid primary key,
  -- The name of the log and of its key. It never changes.
  origin text not null unique check (origin ~ '^[a-z0-9.:/-]{1,200}$'),
  -- Entries below this index were pruned; their hashes stay. It is the beginning of a bundle.
  minimum_index bigint not null default 0 check (minimum_index >= 0 and minimum_index % 256 = 0)
);

-- Entries that have no index in a log yet. A row is added with its entry and removed when the entry
-- gets its index, so entries that commit late are not lost.
create table audit.pending (
  entry bigint primary key,
  log uuid not null,
  leaf_hash bytea not null,
  since timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_threshold = -1);

-- There is no foreign key to logs: one check per row would halve the rate of integration.
create table audit.leaves (
  log uuid not null,
  index bigint not null check (index >= 0),
  entry bigint not null unique,
  primary key (log, index)
);

-- The hashes of a tile, 32 bytes each. A partial tile is a row that still grows.
create table audit.tiles (
  log uuid not null references audit.logs,
  level smallint not null check (level between 0 and 63),
  index bigint not null check (index >= 0),
  hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
  primary key (log, level, index)
);
alter table audit.tiles alter column hashes set storage external;

create table audit.trees (
  log uuid not null references audit.logs,
  size bigint not null check (size > 0),
  root bytea not null check (length(root) = 32),
  at timestamptz not null default now(),
  primary key (log, size)
);

create table audit.checkpoints (
  log uuid not null,
  size bigint not null,
  -- The signed note of C2SP tlog-checkpoint.
  note text not null,
  primary key (log, size),
  foreign key (log, size) references audit.trees
);

-- The value behind a salted hash in an entry. Erasing removes the row. The hash then reveals nothing.
create table audit.personal_fields (
  tenant uuid not null,
  -- The entry's `eventId`.
  event uuid not null,
  field text not null,
  salt bytea not null check (length(salt) = 16),
  value bytea not null,
  -- The person whom it is about. All rows of a person are removed together.
  subject uuid not null,
  primary key (tenant, event, field)
);
create index on audit.personal_fields (tenant, subject);

-- Only a place in the log removes an entry from the list. So a person who takes the integrator's role
-- cannot make the log skip an entry.
create function audit.refuse_unplaced() returns trigger language plpgsql
  -- A plan cached while the tables were empty would always read all of them.
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  if exists (
    with sizes as materialized (
      select log, (select max(size) from audit.trees where trees.log = logs.log) as size
      from (select distinct log from gone) as logs
    )
    select from gone join sizes on sizes.log = gone.log
    left join audit.leaves on leaves.entry = gone.entry and leaves.log = gone.log
    where leaves.index is null or sizes.size is null or leaves.index >= sizes.size
  ) then
    raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
  end if;
  return null;
end
$$;
create trigger pending_are_placed after delete on audit.pending
  referencing old table as gone for each statement execute function audit.refuse_unplaced();
create trigger pending_are_final before update on audit.pending
  for each row execute function audit.refuse_change();
create trigger pending_stay before truncate on audit.pending
  for each statement execute function audit.refuse_change();
alter table audit.pending enable always trigger pending_are_placed;
alter table audit.pending enable always trigger pending_are_final;
alter table audit.pending enable always trigger pending_stay;

-- Security definer, so that the application can neither forge nor remove a pending row.
create function audit.await_integration() returns trigger language plpgsql security definer as $$
begin
  insert into audit.pending (entry, log, leaf_hash) values (new.id, new.tenant, new.leaf_hash);
  return null;
end
$$;
create trigger entries_await_integration after insert on audit.entries
  for each row execute function audit.await_integration();
alter table audit.entries enable always trigger entries_await_integration;
insert into audit.pending (entry, log, leaf_hash) select id, tenant, leaf_hash from audit.entries;

create or replace function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;

-- An entry may be removed only if its log says that it is pruned.
create function audit.refuse_unpruned() returns trigger language plpgsql as $$
begin
  if exists (
    select from audit.leaves join audit.logs on logs.id = leaves.log
    where leaves.entry = old.id and leaves.index < logs.minimum_index
  ) then
    return old;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;
drop trigger entries_are_final on audit.entries;
create trigger entries_are_final before update on audit.entries
  for each row execute function audit.refuse_change();
create trigger entries_are_kept before delete on audit.entries
  for each row execute function audit.refuse_unpruned();
alter table audit.entries enable always trigger entries_are_final;
alter table audit.entries enable always trigger entries_are_kept;

create function audit.refuse_all_but_growth() returns trigger language plpgsql as $$
begin
  if (new.log, new.level, new.index) = (old.log, old.level, old.index)
    and length(new.hashes) > length(old.hashes)
    and substring(new.hashes for length(old.hashes)) = old.hashes then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;
create trigger tiles_only_grow before update on audit.tiles
  for each row execute function audit.refuse_all_but_growth();
create trigger tiles_are_kept before delete on audit.tiles
  for each row execute function audit.refuse_change();
create trigger tiles_stay before truncate on audit.tiles
  for each statement execute function audit.refuse_change();
alter table audit.tiles enable always trigger tiles_only_grow;
alter table audit.tiles enable always trigger tiles_are_kept;
alter table audit.tiles enable always trigger tiles_stay;

create function audit.refuse_all_but_pruning() returns trigger language plpgsql as $$
begin
  if (new.id, new.origin) = (old.id, old.origin) and new.minimum_index >= old.minimum_index then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;
create trigger logs_are_only_pruned before update on audit.logs
  for each row execute function audit.refuse_all_but_pruning();
create trigger logs_are_kept before delete on audit.logs
  for each row execute function audit.refuse_change();
create trigger logs_stay before truncate on audit.logs
  for each statement execute function audit.refuse_change();
alter table audit.logs enable always trigger logs_are_only_pruned;
alter table audit.logs enable always trigger logs_are_kept;
alter table audit.logs enable always trigger logs_stay;

do $$
declare
  name text;
begin
  foreach name in array array['leaves', 'trees', 'checkpoints'] loop
    execute format('create trigger %1$s_are_final before update or delete on audit.%1$I
      for each row execute function audit.refuse_change()', name);
    execute format('create trigger %1$s_stay before truncate on audit.%1$I
      for each statement execute function audit.refuse_change()', name);
    execute format('alter table audit.%1$I enable always trigger %1$s_are_final', name);
    execute format('alter table audit.%1$I enable always trigger %1$s_stay', name);
  end loop;
end
$$;

alter table audit.logs enable row level security;
alter table audit.pending enable row level security;
alter table audit.leaves enable row level security;
alter table audit.tiles enable row level security;
alter table audit.trees enable row level security;
alter table audit.checkpoints enable row level security;
alter table audit.personal_fields enable row level security;
create policy tenant on audit.logs for select to sealdesk_app using (id = sealdesk.current_tenant());
create policy tenant on audit.leaves for select to sealdesk_app using (log = sealdesk.current_tenant());
create policy tenant on audit.tiles for select to sealdesk_app using (log = sealdesk.current_tenant());
create policy tenant on audit.trees for select to sealdesk_app using (log = sealdesk.current_tenant());
create policy tenant on audit.checkpoints for select to sealdesk_app using (log = sealdesk.current_tenant());
create policy tenant on audit.personal_fields to sealdesk_app using (tenant = sealdesk.current_tenant());
create policy integrator on audit.logs to sealdesk_integrator using (true);
create policy integrator on audit.pending to sealdesk_integrator using (true);
create policy integrator on audit.leaves to sealdesk_integrator using (true);
create policy integrator on audit.tiles to sealdesk_integrator using (true);
create policy integrator on audit.trees to sealdesk_integrator using (true);
create policy integrator on audit.checkpoints to sealdesk_integrator using (true);

grant select on audit.logs, audit.leaves, audit.tiles, audit.trees, audit.checkpoints to sealdesk_app;
grant select, insert, delete on audit.personal_fields to sealdesk_app;
grant select, delete on audit.pending to sealdesk_integrator;
grant select, insert on audit.trees, audit.tiles, audit.checkpoints to sealdesk_integrator;
grant select, insert (id, origin) on audit.logs to sealdesk_integrator;
grant select, insert on audit.leaves to sealdesk_integrator;
grant update (hashes) on audit.tiles to sealdesk_integrator;

reset role;
