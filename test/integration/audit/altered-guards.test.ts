import { assertGuards } from "../../../audit/check/assert-guards.ts";
import { dumpGuards } from "../../../db/dump-guards.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { guardsEveryMs: 20 });
});
afterAll(() => server.close());

const sql = (text: string) => server.database.owner.query(text);
const untilWhole = () =>
  until(async () => {
    const answer = await (await fetch(`${server.url}/readyz`)).text();
    return !answer.includes("audit_guards_altered");
  });

const REPLACE = `create or replace function audit.await_integration() returns trigger
  language plpgsql security definer set search_path = `;

const ofDatabase = (change: string) => `do $$ begin
  execute format('alter database %I ${change}', current_database());
end $$`;

/** What an administrator changes, and how it is put right. */
const WAYS = {
  "a trigger that is switched off": [
    "alter table audit.entries disable trigger entries_await_integration",
    "alter table audit.entries enable always trigger entries_await_integration",
  ],
  "a trigger that replication skips": [
    "alter table audit.entries enable trigger entries_are_final",
    "alter table audit.entries enable always trigger entries_are_final",
  ],
  "a trigger that was added": [
    `create trigger meddle before insert on sealdesk.sessions for each row
     execute function audit.refuse_change()`,
    "drop trigger meddle on sealdesk.sessions",
  ],
  "a rule": [
    "create rule meddle as on delete to audit.leaves do instead nothing",
    "drop rule meddle on audit.leaves",
  ],
  "a policy": [
    "create policy meddle on audit.entries for select to sealdesk_app using (true)",
    "drop policy meddle on audit.entries",
  ],
  "row security that is off": [
    "alter table audit.entries disable row level security",
    "alter table audit.entries enable row level security",
  ],
  "a right of the application": [
    "grant delete on audit.entries to sealdesk_app",
    "revoke delete on audit.entries from sealdesk_app",
  ],
  "a right on one column, of everybody": [
    "grant update (role) on sealdesk.users to public",
    "revoke update (role) on sealdesk.users from public",
  ],
  "a constraint that is gone": [
    "alter table sealdesk.approvals drop constraint approvals_check1",
    "alter table sealdesk.approvals add constraint approvals_check1 check (approver <> requester)",
  ],
  "a unique index that is gone": [
    "drop index sealdesk.server_keys_active",
    "create unique index server_keys_active on sealdesk.server_keys (name) where (retired_at_ms is null)",
  ],
  "a setting by which triggers do not run in new sessions": [
    ofDatabase("set session_replication_role = replica"),
    ofDatabase("reset session_replication_role"),
  ],
  "another owner": [
    "alter table audit.restores owner to current_user",
    "alter table audit.restores owner to sealdesk_owner",
  ],
} as const;

attackTest.each(
  {
    attempt:
      "A trigger, rule, constraint, policy, grant or owner is changed, or a setting keeps triggers from running",
    foundBy: "each node",
    when: "guards",
    code: "audit_guards_altered",
    says: "Find out who changed it: see docs/audit.md, “When the database's guards were altered”.",
  },
  WAYS,
  async ([meddle, putRight]) => {
    await untilWhole();
    const said = await saidBy(server, "audit_guards_altered", () => sql(meddle));
    await sql(putRight);
    await untilWhole();
    return said;
  },
);

attackTest(
  {
    attempt: "A function of the database is replaced",
    foundBy: "each node",
    when: "guards",
    code: "audit_guards_altered",
    says: "Find out who changed it: see docs/audit.md, “When the database's guards were altered”.",
  },
  async () => {
    const { rows } = await server.database.owner.query<{ definition: string }>(
      "select pg_get_functiondef('audit.await_integration'::regproc) as definition",
    );
    const said = await saidBy(server, "audit_guards_altered", () =>
      sql(`${REPLACE} pg_catalog as 'begin return null; end'`),
    );
    await sql(rows[0]?.definition ?? "");
    await untilWhole();
    return said;
  },
);

test("a role that may act as another one is named", async () => {
  // Roles belong to the whole cluster, so other suites must not see this.
  const client = await server.database.owner.connect();
  try {
    await client.query("begin; set local search_path = pg_catalog");
    await client.query("grant sealdesk_owner to sealdesk_app");
    expect(await dumpGuards(client)).toContain("role sealdesk_app in role sealdesk_owner");
  } finally {
    await client.query("rollback");
    client.release();
  }
});

test("a database that a later version has migrated is not compared", async () => {
  await sql("grant delete on audit.entries to sealdesk_app");
  await expect(assertGuards(server.database.pool)).rejects.toMatchObject({
    code: "audit_guards_altered",
    message: expect.stringContaining("grant delete on table audit.entries to sealdesk_app"),
  });
  await sql(
    "insert into sealdesk_migrations.migrations (name, run_on) values ('9999_later', now())",
  );
  await assertGuards(server.database.pool);
});
