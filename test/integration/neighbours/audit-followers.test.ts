import { connect } from "node:net";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { follow } from "../../support/follow-audit-log.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
const aborts: AbortController[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(() => {
  for (const abort of aborts.splice(0)) abort.abort();
});
afterAll(() => server.close());

const auditor = (tenant?: TestTenant) => staffDevice(server, "auditor", tenant);

/** Follows until the test ends. @returns the status and, for a follower, a promise of its end */
async function followed(device: TestDevice) {
  const abort = new AbortController();
  aborts.push(abort);
  const answer = await follow(server, device, { signal: abort.signal });
  return { status: answer.status, ended: () => answer.text() };
}

async function followMany(device: TestDevice, times: number): Promise<number> {
  let open = 0;
  for (let index = 0; index < times; index++) if ((await followed(device)).status === 200) open++;
  return open;
}

test("one auditor and one tenant cannot take the followers of others", async () => {
  const hostile = await server.createTenant();
  const open: number[] = [];
  for (let index = 0; index < 5; index++) open.push(await followMany(await auditor(hostile), 5));
  expect(open[0]).toBe(3);
  expect(open.reduce((sum, each) => sum + each, 0)).toBeLessThan(16);
  expect((await followed(await auditor(hostile))).status).toBe(200);
  expect(await followMany(await auditor(), 3)).toBe(3);
});

test("a refused follower is told why and when to try again", async () => {
  const device = await auditor();
  expect(await followMany(device, 4)).toBe(3);
  const refused = await device.request("GET", "/v1/audit/tail");
  expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
  expect(refused.body.detail).toContain("3 times");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("a follower ends with its session", async () => {
  const device = await auditor();
  const { ended } = await followed(device);
  expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
  await ended();
});

test("a follower ends when its device is removed", async () => {
  const device = await auditor();
  const { ended } = await followed(device);
  const removed = await device.remove(device);
  expect(removed.status).toBe(204);
  await ended();
});

test("a follower ends when its account gets another role", async () => {
  const device = await auditor();
  const { ended } = await followed(device);
  await server.database.owner.query("update sealdesk.users set role = 'agent' where id = $1", [
    device.user,
  ]);
  await ended();
});

test("a follower ends when its tenant is suspended", async () => {
  const tenant = await server.createTenant();
  const { ended } = await followed(await auditor(tenant));
  await server.database.owner.query(
    "update sealdesk.tenants set suspended_at_ms = $2 where id = $1",
    [tenant.id, server.clock.now()],
  );
  await ended();
});

test("a follower that reads nothing ends too", async () => {
  const tenant = await server.createTenant();
  const device = await auditor(tenant);
  await inTransaction(server.database.pool, tenant.id, async (client) => {
    const details = { heads: ["x".repeat(60_000)] };
    for (let at = 0; at < 400; at++)
      await appendEntry(client, { ...entryOf(tenant.id, at), details });
  });
  const path = "/v1/audit/tail";
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  const { token } = device;
  socket.write(
    `GET ${path}?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: DPoP ${token}\r\n` +
      `DPoP: ${device.proof("GET", path, { token })}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const answered = () =>
    server
      .logged()
      .split("\n")
      .filter((line) => line.includes(path) && line.includes("200"));
  const before = answered().length;
  expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
  await until(() => answered().length > before);
  socket.destroy();
});
