import { rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    { metrics: { host: "127.0.0.1", port: 0 } },
    { unsignedWarningMs: 500 },
  );
});
afterAll(() => server.close());

/** The value of a metric, or undefined if the server has no such metric. */
async function secondsOf(metric: "pending" | "unsigned"): Promise<number | undefined> {
  const lines = (await server.scrape()).split("\n");
  const line = lines.find((each) => each.startsWith(`sealdesk_audit_${metric}_seconds `));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

const readyz = async () => (await fetch(`${server.url}/readyz`)).json();

test("entries count as waiting while no checkpoint can be stored, until one is stored again", async () => {
  const folder = join(server.home, "audit-checkpoints");
  // Waits until the entry of the tenant's creation is signed.
  await until(() =>
    stat(join(folder, server.tenant.id)).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => ((await secondsOf("pending")) ?? 1) < 1);
  await rename(folder, `${folder}.aside`);
  await writeFile(folder, "not a folder");
  const tenant = await server.createTenant();
  await until(async () => ((await secondsOf("pending")) ?? 0) > 1);
  expect(await secondsOf("unsigned")).toBeGreaterThan(1);
  expect(await readyz()).toEqual({ status: "ok", warnings: ["audit_log_unsigned"] });

  await rm(folder);
  await rename(`${folder}.aside`, folder);
  await until(async () => ((await secondsOf("pending")) ?? 1) < 1);
  expect((await stat(join(folder, tenant.id))).isFile()).toBe(true);
  expect(await secondsOf("unsigned")).toBeLessThan(1);
  expect(await readyz()).toEqual({ status: "ok" });
}, 30_000);
