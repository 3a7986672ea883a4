import { randomBytes } from "node:crypto";
import {
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { customerDevice, staffDevice } from "../support/device.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** As if the server had taken what it refuses at upload: the signatures of another key. */
const spoilPreKeys = (device: DeviceId) =>
  server.database.owner.query(
    "update sealdesk.signed_prekeys set signature = $2 where device = $1",
    [device, randomBytes(64)],
  );

test("a device with unusable prekeys is left out; all others go on, and an admin removes it", async () => {
  const [customer, agent, robin] = [
    await connectCustomer(server),
    await connectStaff(server),
    await connectStaff(server),
  ];
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await asking.send("one");
  const serving = await joined(agent, asking.id);
  await readUntil(serving, (all) => textsOf(all).includes("one"));

  const { device, user } = robin.sealdesk;
  await spoilPreKeys(device);
  const told = [customer, agent].map(
    ({ sealdesk }) => new Promise((resolve) => sealdesk.on("security", resolve)),
  );
  await serving.addMember(user.id);
  const leftOut = await joined(robin, asking.id);
  await asking.send("two");
  await serving.send("three");
  const unreachable = {
    code: "device_unreachable",
    conversation: asking.id,
    user: user.id,
    device,
  };
  expect(await Promise.all(told)).toEqual([unreachable, unreachable]);
  await readUntil(asking, (all) => textsOf(all).includes("three"));
  await readUntil(serving, (all) => textsOf(all).includes("two"));
  // The device knows that there are messages, and that it was not given their keys.
  const seen = await readUntil(leftOut, (all) => problemsOf(all).length === 2);
  expect(problemsOf(seen).map(({ code }) => code)).toEqual(["no_key", "no_key"]);

  const admin = await staffDevice(server, "admin");
  const ended = new Promise((resolve) => robin.sealdesk.on("end", resolve));
  expect((await admin.request("DELETE", `/v1/devices/${device}`)).status).toBe(204);
  expect(await ended).toMatchObject({ code: "device_revoked" });
  const entries = await server.auditEntries();
  expect(entries.findLast(({ action }) => action === "device.revoke")).toMatchObject({
    actor: { id: admin.user, role: "admin" },
    subject: user.id,
    outcome: "success",
  });
  await asking.send("four");
  await readUntil(serving, (all) => textsOf(all).includes("four"));
  await Promise.all([customer, agent, robin].map(({ sealdesk }) => sealdesk.close()));
});

test("only an admin removes a device of another account", async () => {
  const [victim, customer] = [await staffDevice(server), await customerDevice(server)];
  for (const other of [
    customer,
    await staffDevice(server),
    await staffDevice(server, "supervisor"),
  ]) {
    const reply = await other.request("DELETE", `/v1/devices/${victim.id}`);
    expect([reply.status, reply.body.code]).toEqual([404, "device_not_found"]);
  }
  const elsewhere = await staffDevice(server, "admin", await server.createTenant());
  expect((await elsewhere.request("DELETE", `/v1/devices/${victim.id}`)).status).toBe(404);
});
