import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestServer } from "../../support/server.ts";

const reasonsOf = async (url: string) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, text: await answer.text() };
};

test("a node that starts beside one that leads is not ready on a checkpoint that is not the key's", async () => {
  const server = await startTestServer();
  const path = join(server.home, "audit-checkpoints", server.tenant.id);
  // Wait for the entry of the tenant's making to be signed.
  let signed: string | undefined;
  while (signed === undefined) signed = await readFile(path, "utf8").catch(() => undefined);
  await writeFile(path, signed.replace(/\n\d+\n/, "\n1000000\n"));
  const node = await server.startNode();
  while ((await reasonsOf(node.url)).status === 200);
  expect(await reasonsOf(node.url)).toEqual({
    status: 503,
    text: expect.stringContaining("audit_checkpoint_invalid"),
  });
  // Put right, it is ready without a restart.
  await writeFile(path, signed);
  while ((await reasonsOf(node.url)).status !== 200);
  await node.close();
  await server.close();
});
