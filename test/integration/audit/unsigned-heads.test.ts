import { rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } });
});
afterAll(() => server.close());

/** The value of the metric, or undefined if the server has no such metric. */
async function pendingSeconds(): Promise<number | undefined> {
  const lines = (await server.scrape()).split("\n");
  const line = lines.find((each) => each.startsWith("sealdesk_audit_pending_seconds "));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

test("entries count as waiting while no checkpoint can be stored, until one is stored again", async () => {
  const folder = join(server.home, "audit-checkpoints");
  // Waits until the entry of the tenant's creation is signed.
  await until(() =>
    stat(join(folder, server.tenant.id)).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => ((await pendingSeconds()) ?? 1) < 1);
  await rename(folder, `${folder}.aside`);
  await writeFile(folder, "not a folder");
  const tenant = await server.createTenant();
  await until(async () => ((await pendingSeconds()) ?? 0) > 1);

  await rm(folder);
  await rename(`${folder}.aside`, folder);
  await until(async () => ((await pendingSeconds()) ?? 1) < 1);
  expect((await stat(join(folder, tenant.id))).isFile()).toBe(true);
}, 30_000);
