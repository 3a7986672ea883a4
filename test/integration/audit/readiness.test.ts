import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

attackTest(
  {
    attempt: "An outside checkpoint is changed while nodes run",
    foundBy: "each node that starts, also beside one that signs",
    when: "connection",
    code: "audit_checkpoint_invalid",
    says: "Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: see docs/audit.md, “When the server refuses to continue a log”.",
  },
  async () => {
    const server = await startTestServer();
    const path = join(server.home, "audit-checkpoints", server.tenant.id);
    // Waits until the entry of the tenant's creation is signed.
    let signed: string | undefined;
    while (signed === undefined) signed = await readFile(path, "utf8").catch(() => undefined);
    await writeFile(path, signed.replace(/\n\d+\n/, "\n1000000\n"));
    const node = await server.startNode();
    const said = await saidBy(node, "audit_checkpoint_invalid", () => Promise.resolve());
    const status = async () => (await fetch(`${node.url}/readyz`)).status;
    expect(await status()).toBe(503);
    // After the repair it is ready without a restart.
    await writeFile(path, signed);
    await until(async () => (await status()) === 200);
    await node.close();
    await server.close();
    return { ...said, text: node.logged() };
  },
);
