import { TestDevice, customerDevice } from "../../support/device.ts";
import { ada } from "../../support/identity-provider.ts";
import { accountsIn, entriesAbout } from "../../support/provisioned-accounts.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import {
  patchOf,
  personOf,
  startScimProvider,
  type ScimProvider,
} from "../../support/provisioning.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";

const never = 3_600_000;
let server: TestServer;
let other: TestNode;
let idp: ScimProvider;
beforeAll(async () => {
  // Only the notification closes sockets in time.
  server = await startTestServer({}, { tickMs: 10, pollMs: never });
  other = await server.startNode();
  idp = await startScimProvider(server);
});
afterAll(async () => {
  await idp.close();
  await other.close();
  await server.close();
});

const signIn = async (device = new TestDevice(server)) => ({
  device,
  reply: await device.signIn(await grantFrom(idp, device, ada.id)),
});
const adaAtTheProvider = (changes: Readonly<Record<string, unknown>> = {}) =>
  personOf({ externalId: ada.id, userName: ada.username, displayName: ada.name, ...changes });

describe("a person signs in only while the provider says so over SCIM", () => {
  test("a sign-in makes no account", async () => {
    const { reply } = await signIn();
    expect([reply.status, reply.body.code]).toEqual([403, "account_not_linked"]);
  });

  test("a person without a mapped group has no account yet", async () => {
    await idp.person(adaAtTheProvider());
    const { reply } = await signIn();
    expect([reply.status, reply.body.code]).toEqual([403, "account_not_linked"]);
  });
});

describe.each<[string, (id: string, group: string) => Promise<{ readonly status: number }>]>([
  [
    "is set inactive",
    (id) =>
      idp.scim("PATCH", `Users/${id}`, patchOf({ op: "Replace", path: "active", value: "False" })),
  ],
  [
    "leaves the last group with a role",
    (id, group) =>
      idp.scim(
        "PATCH",
        `Groups/${group}`,
        patchOf({ op: "remove", path: `members[value eq "${id}"]` }),
      ),
  ],
  ["is removed", (id) => idp.scim("DELETE", `Users/${id}`)],
])("a person who %s", (_what, deprovision) => {
  test("loses sockets on both nodes, sessions and devices at once", async () => {
    const found = await idp.scim("GET", `Users?filter=userName eq "${ada.username}"`);
    for (const { id } of found.body.Resources) await idp.scim("DELETE", `Users/${id}`);
    const id = await idp.person(adaAtTheProvider());
    const group = await idp.group("support", id);
    const first = await signIn();
    expect(first.reply.body.user).toMatchObject({ id, role: "agent", displayName: ada.name });
    expect((await first.device.register()).status).toBe(201);
    const second = await signIn();
    second.device.joinAccountOf(first.device);
    expect((await second.device.register()).status).toBe(201);
    const customer = await customerDevice(server);
    const conversation = await createConversation(customer, [first.device, second.device]);
    const sockets = [
      await RelaySocket.open(server, first.device),
      await RelaySocket.open(other, second.device),
    ];

    const closed = Promise.all(sockets.map((each) => each.closed));
    expect((await deprovision(id, group)).status).toBeLessThan(300);
    expect(await closed).toEqual([4503, 4503]);

    for (const { device } of [first, second]) {
      const { status, body } = await device.request("GET", "/v1/staff");
      expect([status, body.code]).toEqual([401, "session_revoked"]);
    }
    expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: true }]);
    expect([401, 403]).toContain((await signIn()).reply.status);
    const entries = (await entriesAbout(server, id)).filter(
      ({ action }) => action === "user.disable",
    );
    expect(entries.at(-1)).toMatchObject({
      actor: { kind: "system", id: expect.stringMatching(/^api-key /) },
      decision: { allowed: true, reasons: ["scope"] },
      details: { devices: 2, provider: idp.name },
    });
    const departed = "select from sealdesk.departures where user_id = $1";
    expect((await server.database.owner.query(departed, [id])).rowCount).toBe(1);
    // The customer's next message goes to nobody of the former devices.
    const writing = await RelaySocket.open(server, customer);
    await writing.deliveries(2);
    const refused = await writing.post(messageTo(conversation, [first.device, second.device]));
    expect(refused).toMatchObject({ code: "stale_epoch" });
    await writing.close();
  });
});

test("an account that comes back has no device of before", async () => {
  const found = await idp.scim("GET", `Users?filter=userName eq "${ada.username}"`);
  for (const { id } of found.body.Resources) await idp.scim("DELETE", `Users/${id}`);
  const id = await idp.person(adaAtTheProvider());
  await idp.group("support", id);
  const { device, reply } = await signIn();
  expect([reply.status, reply.body.user.id]).toEqual([201, id]);
  await device.register();
  const active = (value: boolean) =>
    idp.scim("PATCH", `Users/${id}`, patchOf({ op: "replace", value: { active: value } }));
  await active(false);
  await active(true);
  expect((await signIn(device)).reply.body.code).toBe("device_revoked");
  const fresh = await signIn();
  expect((await fresh.device.register()).status).toBe(201);
  const { body } = await fresh.device.request("GET", `/v1/users/${id}/devices`);
  expect(body.devices).toHaveLength(1);
});

test("groups and names of a sign-in do not count", async () => {
  idp.setGroups(ada.id, "leads");
  const found = await idp.scim("GET", `Users?filter=externalId eq "${ada.id}"`);
  const [{ id }] = found.body.Resources;
  await idp.scim(
    "PATCH",
    `Users/${id}`,
    patchOf({ op: "replace", value: { displayName: "By SCIM" } }),
  );
  expect((await signIn()).reply.body.user).toMatchObject({ role: "agent", displayName: "By SCIM" });
});

test("a link that the provider moves or removes is what the log says", async () => {
  const found = await idp.scim("GET", `Users?filter=externalId eq "${ada.id}"`);
  const [{ id }] = found.body.Resources;
  const compared = () =>
    runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
  expect(await compared()).toMatchObject({ code: 0, err: "" });
  const operations = [
    { op: "replace", path: "externalId", value: "another person" },
    { op: "remove", path: "externalId" },
  ];
  for (const operation of operations) {
    await idp.scim("PATCH", `Users/${id}`, patchOf(operation));
    expect(await compared()).toMatchObject({ code: 0, err: "" });
  }
});
