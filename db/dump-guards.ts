import { readFile } from "node:fs/promises";
import type { Queryable } from "./client.ts";

// The rights on an object, one per line. A right of the owner is not listed, because it has all.
const GRANTS = `
  select format('grant %s on %s to %s', lower(each.privilege_type), object.name,
    case each.grantee when 0 then 'public' else each.grantee::regrole::text end) as line
  from (
    select 'schema ' || nspname as name, nspacl as acl, nspowner as owner
    from pg_namespace where oid in (select oid from guarded)
    union all
    select 'table ' || c.oid::regclass, relacl, relowner
    from pg_class c where relnamespace in (select oid from guarded) and relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select format('column %s.%I', a.attrelid::regclass, a.attname), attacl, relowner
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where relnamespace in (select oid from guarded) and attacl is not null and not attisdropped
    union all
    select 'function ' || p.oid::regprocedure, coalesce(proacl, acldefault('f', proowner)), proowner
    from pg_proc p where pronamespace in (select oid from guarded)
  ) as object
  cross join lateral aclexplode(object.acl) as each
  where each.grantee <> object.owner`;

// Partitions are compared with nothing, because they depend on the month. What must not be there shows.
const GUARDS = `
  with guarded as (select oid, nspname from pg_namespace where nspname in ('sealdesk', 'audit'))
  select format('table %s owner %s row security %s', c.oid::regclass, relowner::regrole,
    case when not relrowsecurity then 'off' when relforcerowsecurity then 'forced' else 'on' end) as line
  from pg_class c
  where relnamespace in (select oid from guarded) and relkind in ('r', 'p', 'v', 'm') and not relispartition
  union all
  select format('partition %s without forced row security', c.oid::regclass)
  from pg_class c
  where relnamespace in (select oid from guarded) and relispartition and relkind = 'r'
    and not (relrowsecurity and relforcerowsecurity)
  union all
  select format('policy %I on %s for %s to %s using (%s) with check (%s)%s', polname, polrelid::regclass,
    polcmd, array_to_string(polroles::regrole[], ', '), pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid), case when polpermissive then '' else ' restrictive' end)
  from pg_policy join pg_class c on c.oid = polrelid
  where relnamespace in (select oid from guarded) and not relispartition
  union all
  select format('trigger %s, enabled %s', pg_get_triggerdef(t.oid), tgenabled)
  from pg_trigger t join pg_class c on c.oid = tgrelid
  where relnamespace in (select oid from guarded) and not tgisinternal and not relispartition
  union all
  select format('switched-off foreign key on %s', tgrelid::regclass)
  from pg_trigger t join pg_class c on c.oid = tgrelid
  where relnamespace in (select oid from guarded) and tgisinternal and tgenabled <> 'O'
  union all
  select format('rule %I on %s', rulename, ev_class::regclass)
  from pg_rewrite r join pg_class c on c.oid = ev_class
  where relnamespace in (select oid from guarded) and relkind <> 'v' and relkind <> 'm'
  union all
  select format('function %s owner %s definition %s', p.oid::regprocedure, proowner::regrole,
    encode(sha256(convert_to(pg_get_functiondef(p.oid), 'UTF8')), 'hex'))
  from pg_proc p where pronamespace in (select oid from guarded) and prokind in ('f', 'p')
  union all
  select format('role %s superuser %s login %s bypasses row security %s', rolname, rolsuper, rolcanlogin,
    rolbypassrls)
  from pg_roles where rolname in ('sealdesk_owner', 'sealdesk_app', 'sealdesk_integrator')
  union all
  select format('role %s in role %s', member::regrole, roleid::regrole)
  from pg_auth_members
  where member::regrole::text in ('sealdesk_owner', 'sealdesk_app', 'sealdesk_integrator', 'sealdesk_keystore')
  union all
  select format('constraint %I on %s %s', conname, conrelid::regclass, pg_get_constraintdef(r.oid))
  from pg_constraint r join pg_class c on c.oid = conrelid
  where relnamespace in (select oid from guarded) and not relispartition and conparentid = 0
    and contype in ('c', 'f', 'p', 'u')
  union all
  select format('unique index %s', pg_get_indexdef(indexrelid))
  from pg_index join pg_class c on c.oid = indrelid
  where relnamespace in (select oid from guarded) and not relispartition and indisunique
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
  union all
  select format('setting %s of sessions', setting)
  from pg_db_role_setting, unnest(setconfig) as setting
  where setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and setting like 'session\\_replication\\_role=%' and setting <> 'session_replication_role=origin'
  union all
  select format('setting session_replication_role=%s', current_setting('session_replication_role'))
  where current_setting('session_replication_role') <> 'origin'
  union all
  ${GRANTS}`;

/** The lines of `dumpGuards` as the migrations of this version make them. */
export const readShippedGuards = async (): Promise<readonly string[]> =>
  (await readFile(new URL("./guards.txt", import.meta.url), "utf8")).trimEnd().split("\n");

/**
 * Returns what keeps entries and tenants safe in the schemas `sealdesk` and `audit`, one line each and
 * sorted: triggers, rules, functions, constraints, policies, grants, owners, what the roles may do, and settings that
 * keep triggers from running. `guards.txt` has these lines as the
 * migrations make them. Every role may read this.
 * @param client a session whose search path does not contain these schemas
 */
export async function dumpGuards(client: Queryable): Promise<readonly string[]> {
  const { rows } = await client.query<{ line: string }>(GUARDS);
  return rows.map(({ line }) => line.replaceAll(/\s+/g, " ")).toSorted();
}
