import { attackTest, saidBy } from "../../support/attack-test.ts";
import { withoutTriggers } from "../../support/database-administrator.ts";
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

/** A trigger on audit.entries that runs `body` for the entries of new sessions. */
const onSessions = (when: string, body: string, kind = "trigger") => `
  create function public.meddle() returns trigger language plpgsql security definer as $$
  begin
    if convert_from(new.entry, 'UTF8') like '%"session.create"%' then ${body} end if;
    return new;
  end $$;
  create ${kind} a_meddle ${when} for each row execute function public.meddle();
  alter table audit.entries enable always trigger a_meddle`;

attackTest.each(
  {
    attempt: "A trigger drops or changes an entry as it is appended",
    foundBy: "the transaction of the act",
    when: "act",
    code: "audit_entry_not_stored",
    says: "Look for triggers and rules on audit.entries that Sealdesk did not create.",
  },
  {
    dropped: onSessions("before insert on audit.entries", "return null;"),
    changed: onSessions(
      "before insert on audit.entries",
      "new.entry = convert_to(replace(convert_from(new.entry, 'UTF8'), 'password', 'passkey'), 'UTF8');",
    ),
  },
  async (meddling) => {
    const { staff, signIn: attempt } = await signIn();
    await sql(meddling);
    const { status, body } = await attempt();
    expect(status).toBe(503);
    const sessions = await sql(`select from sealdesk.sessions where user_id = '${staff.id}'`);
    expect(sessions.rowCount).toBe(0);
    await sql("drop trigger a_meddle on audit.entries");
    expect((await attempt()).status).toBe(201);
    return { code: body.code, text: String(body["detail"]) };
  },
);

test("a rule that drops entries refuses every act", async () => {
  const { signIn: attempt } = await signIn();
  await sql("create rule drop_all as on insert to audit.entries do instead nothing");
  expect((await attempt()).status).toBeGreaterThanOrEqual(500);
});

attackTest(
  {
    attempt: "An entry is removed when its act commits, before it is signed",
    foundBy: "the node that wrote it, if it runs that long",
    when: "steps",
    code: "audit_log_altered",
    says: "Find out who kept it out of the log, and write down what the act was, because no backup has it: see docs/audit.md, “When the log was altered”.",
  },
  async () => {
    const { signIn: attempt } = await signIn();
    await sql(`alter table audit.pending disable trigger user;
     alter table audit.entries disable trigger entries_are_kept;
     ${onSessions(
       "after insert on audit.entries deferrable initially deferred",
       "delete from audit.pending where entry = new.id; delete from audit.entries where id = new.id;",
       "constraint trigger",
     )}`);
    return saidBy(server, "audit_log_altered", async () =>
      expect((await attempt()).status).toBe(201),
    );
  },
);

attackTest.each(
  {
    attempt: "An entry is stored, and kept out of its log",
    foundBy: "the node that wrote it",
    when: "steps",
    code: "audit_log_altered",
    says: "Find out who kept it out of the log, and write down what the act was, because no backup has it: see docs/audit.md, “When the log was altered”.",
  },
  {
    "a trigger that is off": "alter table audit.entries disable trigger entries_await_integration",
    "a function that is replaced": `create or replace function audit.await_integration() returns trigger
     language plpgsql security definer as 'begin return null; end'`,
  },
  async (meddling) => {
    const { signIn: attempt } = await signIn();
    await sql(meddling);
    return saidBy(server, "audit_log_altered", async () =>
      expect((await attempt()).status).toBe(201),
    );
  },
);

attackTest.each(
  {
    attempt: "An entry of another node or of a command is stored, and kept out of its log",
    foundBy: "each node",
    when: "check",
    code: "audit_log_altered",
    says: "Find out who kept it out of the log, and write down what the act was, because no backup has it: see docs/audit.md, “When the log was altered”.",
  },
  {
    "without a place": "select from stored",
    "with a place in a log that does not exist":
      "insert into audit.leaves (log, index, entry) select gen_random_uuid(), 0, id from stored",
  },
  async (place) => {
    const said = await saidBy(server, "audit_log_altered", () =>
      withoutTriggers(
        server.database,
        `with stored as (
           insert into audit.entries (tenant, entry) values ('${server.tenant.id}', '{}') returning id
         )
         ${place}`,
      ),
    );
    expect(said.text).toMatch(/The stored entry \d+ has no place in the log/);
    return said;
  },
);

attackTest(
  {
    attempt: "The operator's log is kept from taking checkpoints",
    foundBy: "the node that signs",
    when: "signature",
    code: "audit_entry_not_stored",
    says: "Look for triggers and rules on audit.entries that Sealdesk did not create.",
  },
  async () => {
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
    const said = await saidBy(server, "audit_entry_not_stored", async () =>
      expect((await attempt()).status).toBe(201),
    );
    await sql("drop trigger a_meddle on audit.entries");
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 200);
    return said;
  },
);
