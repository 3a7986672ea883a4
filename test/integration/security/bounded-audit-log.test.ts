import { randomUUID } from "node:crypto";
import { creationBody } from "../../support/acts.ts";
import { customerDevice, fakePreKeys, staffDevice, TestDevice } from "../../support/device.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

type Entry = Record<string, unknown>;
const entriesBy = async (device: TestDevice, action: string): Promise<Entry[]> =>
  (await server.auditEntries()).filter(
    (entry) => entry["action"] === action && (entry["actor"] as Entry)["id"] === device.user,
  );

/** What one entry says about acts that have no entry of their own. */
const sums = (entries: readonly Entry[]) =>
  entries.flatMap(({ details }) => ((details as Entry | undefined)?.["repeated"] ? [details] : []));

const readOfNothing = (device: TestDevice) =>
  device.request("GET", `/v1/conversations/${randomUUID()}`);

const times = async (count: number, act: () => Promise<unknown>) =>
  void (await Promise.all(Array.from({ length: count }, act)));

/** Starts a node when the hour of everything so far is over. It writes the sums that are due. */
async function anHourLater(): Promise<void> {
  server.clock.offsetMs += 3_600_000;
  const node = await server.startNode();
  await node.close();
}

test("the first refusals of a kind are entries, and the others become one entry after an hour", async () => {
  const device = await customerDevice(server);
  await times(20, () => readOfNothing(device));
  await times(5, () => readOfNothing(device));
  const refused = await entriesBy(device, "conversation.read");
  expect(refused).toHaveLength(10);
  expect(sums(refused)).toEqual([]);
  const before = server.clock.now();
  await anHourLater();
  await until(async () => (await entriesBy(device, "conversation.read")).length === 11);
  const [sum] = (await entriesBy(device, "conversation.read")).slice(-1);
  expect(sum).toMatchObject({
    actor: { kind: "user", id: device.user },
    resource: { type: "user", id: device.user },
    outcome: "refused",
    reason: "conversation_not_found",
    details: { repeated: 15 },
  });
  const { firstAtMs = 0, lastAtMs = 0 } = (sum?.["details"] ?? {}) as Record<string, number>;
  expect(firstAtMs).toBeLessThanOrEqual(lastAtMs);
  expect(lastAtMs).toBeLessThanOrEqual(before);
  await anHourLater();
  expect(await entriesBy(device, "conversation.read")).toHaveLength(11);
});

test("after an hour, refusals have entries of their own again", async () => {
  const device = await customerDevice(server);
  await times(12, () => readOfNothing(device));
  await anHourLater();
  const renewed = await device.request("POST", "/v1/sessions/current/renew");
  device.token = renewed.body.accessToken;
  await readOfNothing(device);
  const entries = await entriesBy(device, "conversation.read");
  expect(entries).toHaveLength(12);
  expect(sums(entries)).toEqual([expect.objectContaining({ repeated: 2 })]);
});

test("refusals of one account leave the entries of another alone", async () => {
  const [noisy, quiet] = [await customerDevice(server), await customerDevice(server)];
  await times(30, () => readOfNothing(noisy));
  await readOfNothing(quiet);
  expect(await entriesBy(quiet, "conversation.read")).toHaveLength(1);
});

test("a refused request does not write what it named into the log", async () => {
  const device = await customerDevice(server);
  await device.request("POST", "/v1/conversations", {
    body: await creationBody(
      device,
      Array.from({ length: 255 }, () => newId()),
    ),
  });
  const [entry] = await entriesBy(device, "conversation.create");
  expect(entry).toMatchObject({ outcome: "refused", details: { members: { count: 255 } } });
  expect(JSON.stringify(entry).length).toBeLessThan(1_024);
});

test.each<[string, (device: TestDevice, index: number) => Promise<unknown>]>([
  ["session.renew", (device) => device.request("POST", "/v1/sessions/current/renew")],
  [
    "prekeys.publish",
    (device, index) =>
      device.request("PUT", "/v1/devices/current/prekeys", {
        body: fakePreKeys({ oneTime: 1, firstId: 100 + index, signedId: 2 + index }),
      }),
  ],
  [
    "relay.connect",
    async (device) => {
      const relay = await RelaySocket.open(server, device);
      relay.socket.close();
      await relay.closed;
    },
  ],
])("%s is counted when it is repeated", async (action, act) => {
  const device = await staffDevice(server);
  for (let index = 0; index < 14; index++) await act(device, index);
  expect(await entriesBy(device, action)).toHaveLength(10);
  await anHourLater();
  expect(sums(await entriesBy(device, action))).toEqual([expect.objectContaining({ repeated: 4 })]);
});

describe("with a limit of audited requests", () => {
  const rate = { burst: 5, perSecond: 0.001 };
  const generous = { burst: 20, perSecond: 0.001 };
  let limited: TestServer;
  beforeEach(async () => {
    limited = await startTestServer({
      actRates: { tenant: generous, customer: rate, staff: rate },
    });
  });
  afterEach(() => limited.close());

  test("an account over it is told when to try again, and writes no entry", async () => {
    const device = await staffDevice(limited);
    const path = "/v1/staff?role=agent";
    for (let left = 4; left > 0; left--)
      expect((await device.request("GET", path)).status).toBe(200);
    const before = await limited.auditEntries();
    const refused = await device.request("GET", path);
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited", action: "wait" } });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
    expect(await limited.auditEntries()).toEqual(before);
    const other = await staffDevice(limited);
    expect((await other.request("GET", path)).status).toBe(200);
  });

  test("a tenant whose accounts are over its limit together waits, and another tenant does not", async () => {
    const path = "/v1/staff?role=agent";
    const other = await staffDevice(limited, "agent", await limited.createTenant());
    // Registering the device is one request.
    for (let account = 0; account < 4; account++) {
      const device = await staffDevice(limited);
      for (let left = 4; left > 0; left--)
        expect((await device.request("GET", path)).status).toBe(200);
    }
    const fifth = new TestDevice(limited);
    await fifth.signInAsStaff(await limited.createStaff("agent"));
    const refused = await fifth.request("GET", path);
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited", action: "wait" } });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
    expect((await other.request("GET", path)).status).toBe(200);
  });

  test("an account over it can still renew its session and end it", async () => {
    const device = await staffDevice(limited);
    for (let left = 6; left > 0; left--) await device.request("GET", "/v1/staff?role=agent");
    const renew = await device.request("POST", "/v1/sessions/current/renew");
    expect(renew.status).toBe(200);
    expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
  });
});
