/** Officers and administrators say over HTTP which systems are told of each erasure. */
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { eraseBy, reached } from "../../support/erasures.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { isSigned, startWebhookReceiver } from "../../support/webhook-receiver.ts";

const path = "/v1/erasure-consumers";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Nothing listens there. */
const DEAF = "http://127.0.0.1:9/erasures";
const add = (device: TestDevice, name: string, url = DEAF) =>
  device.request("POST", path, { body: { name, url } });
const list = async (device: TestDevice): Promise<readonly string[]> =>
  (await device.request("GET", path)).body.consumers.map(({ name }: { name: string }) => name);
const remove = (device: TestDevice, name: string) => device.request("DELETE", `${path}/${name}`);

test("a system that an officer added is told of an erasure, and officers are alerted to it", async () => {
  const tenant = await server.createTenant();
  const receiver = await startWebhookReceiver();
  const [privacy, admin, auditor] = [
    await staffDevice(server, "privacy_officer", tenant),
    await staffDevice(server, "admin", tenant),
    await staffDevice(server, "auditor", tenant),
  ];
  const added = await add(privacy, "warehouse", receiver.url);
  expect(added).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
  expect(await add(admin, "crm")).toMatchObject({ status: 201 });
  expect(await list(auditor)).toEqual(["crm", "warehouse"]);
  expect(await remove(admin, "crm")).toMatchObject({ status: 204 });
  const customer = await customerDevice(server, undefined, tenant);
  const { body } = await eraseBy(privacy, customer.user, { windowHours: 0 });
  await reached(server.database, body.id, "certified");
  await until(() => Promise.resolve(receiver.received.length === 1));
  const [event] = receiver.received;
  expect(isSigned(event!, added.body.secret)).toBe(true);
  expect(JSON.parse(event!.body)).toMatchObject({
    data: { case: body.id, subject: customer.user },
  });
  await receiver.close();

  const entries = (await server.auditEntries(tenant)).filter(({ action }) =>
    String(action).endsWith("_consumer"),
  );
  expect(entries).toMatchObject([
    { action: "erasure.add_consumer", actor: { id: privacy.user, role: "privacy_officer" } },
    { action: "erasure.add_consumer", actor: { id: admin.user }, details: { host: "127.0.0.1:9" } },
    { action: "erasure.remove_consumer", actor: { id: admin.user }, resource: { id: "crm" } },
  ]);
  // The URL may have a token.
  expect(JSON.stringify(entries)).not.toContain("token=of-the-receiver");
  const { rows } = await server.database.owner.query<{ action: string }>(
    "select action from sealdesk.alerts where tenant = $1 and action like 'erasure.%' order by id",
    [tenant.id],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    "erasure.add_consumer",
    "erasure.add_consumer",
    "erasure.remove_consumer",
    "erasure.begin",
  ]);
});

test("what cannot be used is refused, and says why", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "compliance_officer", tenant);
  const codeOf = ({ body }: { readonly body: { readonly code: string } }) => body.code;
  expect(codeOf(await add(officer, "Ware House"))).toBe("invalid_request");
  expect(codeOf(await add(officer, "warehouse", "ftp://warehouse.example"))).toBe(
    "invalid_consumer",
  );
  expect(codeOf(await add(officer, "warehouse", "https://me:secret@warehouse.example"))).toBe(
    "invalid_consumer",
  );
  expect(codeOf(await remove(officer, "warehouse"))).toBe("consumer_not_found");
  expect(await list(officer)).toEqual([]);
  const names = Array.from({ length: 21 }, (_, index) => `system-${index}`);
  const all = await Promise.all(names.map((name) => add(officer, name)));
  expect(all.filter(({ status }) => status === 201)).toHaveLength(20);
  expect(all.filter(({ status }) => status === 409).map(codeOf)).toEqual(["too_many_consumers"]);
  const [present = ""] = await list(officer);
  expect(codeOf(await add(officer, present))).toBe("invalid_consumer");
});

test("nobody else may, and no tenant meets another's", async () => {
  const [tenant, other] = [await server.createTenant(), await server.createTenant()];
  const officer = await staffDevice(server, "privacy_officer", tenant);
  const foreign = await staffDevice(server, "privacy_officer", other);
  expect(await add(officer, "warehouse")).toMatchObject({ status: 201 });
  expect(await list(foreign)).toEqual([]);
  expect(await remove(foreign, "warehouse")).toMatchObject({ status: 404 });
  const others = [
    await customerDevice(server, undefined, tenant),
    ...(await Promise.all(
      (["agent", "supervisor", "auditor", "moderator"] as const).map((role) =>
        staffDevice(server, role, tenant),
      ),
    )),
  ];
  for (const device of others) {
    expect(await add(device, "own")).toMatchObject({ status: 403 });
    expect(await remove(device, "warehouse")).toMatchObject({ status: 403 });
  }
  expect(await list(officer)).toEqual(["warehouse"]);
});
