import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestServer } from "../../support/server.ts";

const reasonsOf = async (url: string) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, text: await answer.text() };
};

test("a node that starts beside a leading one is not ready if a checkpoint is not by the key", async () => {
  const server = await startTestServer();
  const path = join(server.home, "audit-checkpoints", server.tenant.id);
  // Waits until the entry of the tenant's creation is signed.
  let signed: string | undefined;
  while (signed === undefined) signed = await readFile(path, "utf8").catch(() => undefined);
  await writeFile(path, signed.replace(/\n\d+\n/, "\n1000000\n"));
  const node = await server.startNode();
  while ((await reasonsOf(node.url)).status === 200);
  expect(await reasonsOf(node.url)).toEqual({
    status: 503,
    text: expect.stringContaining("audit_checkpoint_invalid"),
  });
  // After the repair it is ready without a restart.
  await writeFile(path, signed);
  while ((await reasonsOf(node.url)).status !== 200);
  await node.close();
  await server.close();
});
