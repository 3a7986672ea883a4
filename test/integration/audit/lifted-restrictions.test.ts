import { attackTest, saidBy } from "../../support/attack-test.ts";
import { commandTells, isWarned, nodeFinds } from "../../support/changed-state.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { lift, restrict } from "../../support/restrictions.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let officer: TestDevice;
beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } }, { stateEveryMs: 20 });
  officer = await staffDevice(server, "privacy_officer");
});
afterAll(() => server.close());

const sql = (text: string) => server.database.owner.query(text);

/** A restriction of the only conversation of a new customer. */
async function restricted() {
  const customer = await customerDevice(server);
  const conversation = await createConversation(customer, [await staffDevice(server)]);
  const { status, body } = await restrict(officer, customer.user);
  expect(status).toBe(201);
  return { customer, conversation, id: String(body.id) };
}
const covers = async (conversation: string) =>
  (
    await sql(
      `select from sealdesk.restricted_conversations where conversation = '${conversation}'`,
    )
  ).rows.length;
const acts = async (action: string) =>
  (await server.auditEntries()).filter((entry) => entry["action"] === action);

attackTest(
  {
    attempt: "The server is made to lift a restriction by SQL",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  async () => {
    const { customer, conversation, id } = await restricted();
    await until(async () => !(await isWarned(server)));
    const said = await saidBy(server, "audit_state_differs", async () => {
      await sql(`update sealdesk.restrictions set lifts_at_ms = 1 where case_id = '${id}'`);
      await sql(`insert into sealdesk.case_steps (tenant, case_id, step, state, begun_at_ms, next, done_at_ms, done_by)
      select tenant, id, step, state, 1, 'announced', 1, 'cases' from sealdesk.cases where id = '${id}'`);
      await sql(`update sealdesk.cases set state = 'announced', step = step + 1, wake_at_ms = 1
      where id = '${id}'`);
      await until(async () => (await covers(conversation)) === 0);
      // No row shows it any more.
      await sql(`update sealdesk.restrictions set lifts_at_ms = null where case_id = '${id}'`);
    });
    expect(await acts("restriction.lift")).toMatchObject([{ resource: { id } }]);
    expect(await acts("restriction.announce_lifting")).toEqual([]);
    await commandTells(server, [
      {
        meddle: () => "",
        putRight: () => "",
        told: () =>
          new RegExp(
            `restrictions \\(announced end\\) ${id} is gone, but entry \\d+ says that it was`,
          ),
      },
    ]);
    expect((await restrict(officer, customer.user)).status).toBe(201);
    await until(async () => !(await isWarned(server)));
    return said;
  },
);

test("an end that SQL announces is found before the restriction is lifted", async () => {
  const { id } = await restricted();
  const set = (ms: string) =>
    `update sealdesk.restrictions set lifts_at_ms = ${ms} where case_id = '${id}'`;
  await nodeFinds(server, {
    meddle: () => set("9007199254740991"),
    putRight: () => set("null"),
    told: () => /\(announced end\) \S+ says at 9007199254740991, but no entry of the log does/,
  });
});

test("a restriction that an officer lifts leaves no difference", async () => {
  const { conversation, id } = await restricted();
  expect((await lift(officer, id)).status).toBe(200);
  await until(async () => (await covers(conversation)) === 0);
  await until(async () =>
    (await acts("restriction.lift")).some(({ resource }) => (resource as { id: string }).id === id),
  );
  await until(async () => !(await isWarned(server)));
});
