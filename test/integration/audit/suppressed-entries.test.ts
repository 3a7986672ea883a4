import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({}, { checkEveryMs: 20 });
});
afterEach(() => server.close());

const signIn = async () => {
  const staff = await server.createStaff("agent");
  const device = new TestDevice(server);
  return { staff, signIn: () => device.signInAsStaff(staff) };
};
const sql = (text: string) => server.database.owner.query(text);
const readyz = async () => (await fetch(`${server.url}/readyz`)).text();

/** A trigger on audit.entries that runs `body` for the entries of new sessions. */
const onSessions = (when: string, body: string, kind = "trigger") => `
  create function public.meddle() returns trigger language plpgsql security definer as $$
  begin
    if convert_from(new.entry, 'UTF8') like '%"session.create"%' then ${body} end if;
    return new;
  end $$;
  create ${kind} a_meddle ${when} for each row execute function public.meddle();
  alter table audit.entries enable always trigger a_meddle`;

test.each([
  ["dropped", onSessions("before insert on audit.entries", "return null;")],
  [
    "changed",
    onSessions(
      "before insert on audit.entries",
      "new.entry = convert_to(replace(convert_from(new.entry, 'UTF8'), 'password', 'passkey'), 'UTF8');",
    ),
  ],
])("an act whose entry is %s at once is refused, and nothing of it stays", async (_, meddling) => {
  const { staff, signIn: attempt } = await signIn();
  await sql(meddling);
  const refused = await attempt();
  expect([refused.status, refused.body.code]).toEqual([503, "audit_entry_not_stored"]);
  const sessions = await sql(`select from sealdesk.sessions where user_id = '${staff.id}'`);
  expect(sessions.rowCount).toBe(0);
  await sql("drop trigger a_meddle on audit.entries");
  expect((await attempt()).status).toBe(201);
});

test("a rule that drops entries refuses every act", async () => {
  const { signIn: attempt } = await signIn();
  await sql("create rule drop_all as on insert to audit.entries do instead nothing");
  expect((await attempt()).status).toBeGreaterThanOrEqual(500);
});

/** What an administrator who may do anything leaves behind after an act was committed. */
const KEPT_OUT = [
  [
    "removed when its act commits",
    `alter table audit.pending disable trigger user;
     alter table audit.entries disable trigger entries_are_kept;
     ${onSessions(
       "after insert on audit.entries deferrable initially deferred",
       "delete from audit.pending where entry = new.id; delete from audit.entries where id = new.id;",
       "constraint trigger",
     )}`,
  ],
  [
    "never made pending, by a trigger that is off,",
    "alter table audit.entries disable trigger entries_await_integration",
  ],
  [
    "never made pending, by a function that is replaced,",
    `create or replace function audit.await_integration() returns trigger language plpgsql
     security definer as 'begin return null; end'`,
  ],
] as const;

test.each(KEPT_OUT)(
  "an entry that is %s is missed by the node that wrote it",
  async (_, meddling) => {
    const { signIn: attempt } = await signIn();
    await sql(meddling);
    expect((await attempt()).status).toBe(201);
    await until(async () => (await readyz()).includes("audit_log_altered"));
  },
);

test("an entry of another process that has no place is found by reading all entries", async () => {
  await sql("alter table audit.entries disable trigger entries_await_integration");
  await inTransaction(server.database.pool, server.tenant.id, (client) =>
    appendEntry(client, entryOf(server.tenant.id, 1)),
  );

  await until(async () => (await readyz()).includes("audit_log_altered"));
  expect(server.logged()).toMatch(/The stored entry \d+ has no place in the log/);
});

test("a checkpoint that the operator's log does not take is told", async () => {
  const { signIn: attempt } = await signIn();
  await sql(
    `create function public.meddle() returns trigger language plpgsql as $$
     begin
       if new.tenant = '00000000-0000-0000-0000-000000000000' then return null; end if;
       return new;
     end $$;
     create trigger a_meddle before insert on audit.entries for each row execute function public.meddle();
     alter table audit.entries enable always trigger a_meddle`,
  );
  expect((await attempt()).status).toBe(201);
  await until(async () => (await readyz()).includes("audit_entry_not_stored"));
  await sql("drop trigger a_meddle on audit.entries");
  await until(async () => (await fetch(`${server.url}/readyz`)).status === 200);
});
