import { rename, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OPERATOR_LOG } from "../../../audit/logs.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let node: TestNode;
beforeAll(async () => {
  server = await startTestServer({}, { outsideEveryMs: 20 });
  node = await server.startNode();
});
afterAll(async () => {
  await node.close();
  await server.close();
});

const reasons = async (url: string) => (await fetch(`${url}/readyz`)).text();
/** Waits until the node that signs and the other one say this, while no entry is added. */
const untilBothSay = (what: string) =>
  until(async () =>
    (await Promise.all([server, node].map(({ url }) => reasons(url)))).every((text) =>
      text.includes(what),
    ),
  );

attackTest.each(
  {
    attempt: "An outside checkpoint is removed, also of a log that no entry is added to",
    foundBy: "each node",
    when: "outside",
    code: "audit_checkpoint_missing",
    says: "Put AUDIT_CHECKPOINTS back, or have two people adopt the head: see docs/audit.md, “When outside checkpoints are missing”.",
  },
  { "a tenant's log": () => server.tenant.id, "the operator's log": () => OPERATOR_LOG },
  async (log) => {
    const file = join(server.home, "audit-checkpoints", log());
    await until(() =>
      readFile(file).then(
        () => true,
        () => false,
      ),
    );
    await untilBothSay('"status":"ok"');
    const said = await saidBy(server, "audit_checkpoint_missing", async () => {
      await rename(file, `${file}.aside`);
      await untilBothSay("audit_checkpoint_missing");
    });
    await rename(`${file}.aside`, file);
    await untilBothSay('"status":"ok"');
    const note = await readFile(file);
    await writeFile(file, "damaged");
    await untilBothSay("audit_checkpoint_invalid");
    await writeFile(file, note);
    await untilBothSay('"status":"ok"');
    return said;
  },
);
