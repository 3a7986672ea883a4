import type pg from "pg";

// Partitions are left out: which there are depends on the month.
const TABLES = `
  select c.oid, n.nspname || '.' || c.relname as name, c.relrowsecurity as fenced,
    pg_get_partkeydef(c.oid) as partitioned, c.reloptions as options
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('sealdesk', 'audit', 'keystore') and c.relkind in ('r', 'p') and not c.relispartition
  order by name`;

const COLUMNS = `
  select format('  %I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then ' not null' else '' end,
    case a.attidentity when 'a' then ' generated always as identity' else '' end,
    case when d.oid is null then ''
      when a.attgenerated = 's' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
      else ' default ' || pg_get_expr(d.adbin, d.adrelid) end) as line
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

/** What belongs to a table, one statement a line. */
const PARTS = `
  select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as line from pg_constraint
  where conrelid = $1 and contype <> 'n'
  union all
  select pg_get_indexdef(i.indexrelid) from pg_index i
  where indrelid = $1 and not exists (select from pg_constraint where conindid = i.indexrelid)
  union all
  select format('policy %I for %s using (%s)%s', polname, polcmd, pg_get_expr(polqual, polrelid),
    coalesce(' with check (' || pg_get_expr(polwithcheck, polrelid) || ')', ''))
  from pg_policy where polrelid = $1
  union all
  select pg_get_triggerdef(oid) || ' -- enabled ' || tgenabled::text from pg_trigger
  where tgrelid = $1 and not tgisinternal
  union all
  select format('grant %s to %s', lower(privilege_type), grantee)
  from information_schema.role_table_grants
  where (table_schema || '.' || table_name)::regclass = $1
    and grantee in ('sealdesk_app', 'sealdesk_integrator', 'sealdesk_keystore')
  union all
  select format('grant %s (%s) to %s', lower(privilege_type),
    string_agg(column_name, ', ' order by column_name), grantee)
  from information_schema.column_privileges cp
  where (table_schema || '.' || table_name)::regclass = $1
    and grantee in ('sealdesk_app', 'sealdesk_integrator', 'sealdesk_keystore')
    and not exists (select from information_schema.role_table_grants t
      where t.table_schema = cp.table_schema and t.table_name = cp.table_name
        and t.grantee = cp.grantee and t.privilege_type = cp.privilege_type)
  group by privilege_type, grantee
  order by line`;

const FUNCTIONS = `
  select pg_get_functiondef(p.oid) as line from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('sealdesk', 'audit', 'keystore') order by p.proname, n.nspname`;

/**
 * The schema as the database has it, in a fixed order: committed as `schema.sql`, so that a change
 * of the schema shows in review as what it does, not only as the migration that does it.
 * It is made to be read and compared, not to be run.
 */
export async function dumpSchema(client: Pick<pg.Pool, "query">): Promise<string> {
  const lines = async (sql: string, values: unknown[] = []): Promise<string[]> =>
    (await client.query<{ line: string }>(sql, values)).rows.map(({ line }) => line);
  const parts = [
    "-- Made by `npm run schema` from the migrations. Read it; change the migrations.",
  ];
  const tables = await client.query(TABLES);
  for (const { oid, name, fenced, partitioned, options } of tables.rows) {
    const suffix = partitioned === null ? "" : ` partition by ${partitioned}`;
    const settings = options === null ? "" : ` with (${options.join(", ")})`;
    const columns = (await lines(COLUMNS, [oid])).join(",\n");
    parts.push(`table ${name} (\n${columns}\n)${suffix}${settings}`);
    if (fenced) parts.push(`  row level security`);
    parts.push(...(await lines(PARTS, [oid])).map((line) => `  ${line}`), "");
  }
  parts.push(...(await lines(FUNCTIONS)));
  return `${parts.join("\n").trim()}\n`;
}
