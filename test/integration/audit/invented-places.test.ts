import { asIntegrator } from "../../../audit/check/as-integrator.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { withoutTriggers } from "../../support/database-administrator.ts";
import { staffDevice } from "../../support/device.ts";
import { eventsOf, follow } from "../../support/follow-audit-log.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

/** More than the comparison with the log accepts without a signature. */
const PLACES = 20_000;
const BEYOND = 10 ** 12;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { checkEveryMs: 20, stateEveryMs: 20 });
});
afterAll(() => server.close());

const sql = (text: string) => server.database.owner.query(text);
const warnings = async () => (await fetch(`${server.url}/readyz`)).text();

attackTest(
  {
    attempt: "Places beyond the end of a log are invented",
    foundBy: "each node",
    when: "check",
    code: "audit_log_altered",
    says: "Remove the row from audit.leaves, and find out who added it: see docs/audit.md, “When the log was altered”.",
  },
  async () => {
    const auditor = await staffDevice(server, "auditor");
    const agent = await server.createStaff("agent");
    const { id } = server.tenant;
    const said = await saidBy(server, "audit_log_altered", () =>
      asIntegrator(server.database.pool, (client) =>
        client.query(
          `insert into audit.leaves (log, index, entry)
           select $1, $2::bigint + n, -1 - n from generate_series(1, $3::int) n`,
          [id, BEYOND, PLACES],
        ),
      ),
    );
    // Neither the comparison with the log nor who follows the log believes them.
    await sql(`update sealdesk.users set role = 'admin' where id = '${agent.id}'`);
    await until(async () => (await warnings()).includes("audit_state_differs"));
    await sql(`update sealdesk.users set role = 'agent' where id = '${agent.id}'`);
    const followed = await follow(server, auditor);
    await server.createStaff("agent");
    const events = await eventsOf(followed, (all) => all.length > 0);
    expect(events[0]?.[0]).toBeLessThan(BEYOND);
    await withoutTriggers(
      server.database,
      `delete from audit.leaves where log = '${id}' and index >= ${BEYOND}`,
    );
    await until(async () => !(await warnings()).includes("audit_"));
    return said;
  },
);
