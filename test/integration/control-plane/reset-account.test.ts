import { randomBytes, randomUUID } from "node:crypto";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import type { UserId, SessionId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { resetAccount } from "../../../identity/directory/reset-account.ts";
import {
  customerDevice,
  ed25519,
  staffDevice,
  TestDevice,
  type Reply,
} from "../../support/device.ts";
import { waitingForAccounts } from "../../support/held-accounts.ts";
import { createConversation, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
let admin: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  admin = await staffDevice(server, "admin");
});
afterAll(() => server.close());

const reset = (by: TestDevice, user: string, body: object = { reason: "devices_lost" }) =>
  by.request("POST", `/v1/users/${user}/reset`, { body });
const entries = async () =>
  (await server.auditEntries()).filter(({ action }) => action === "account.reset");
const historyOf = async (user: string) => {
  const { body } = await admin.request("GET", `/v1/users/${user}/key-history`);
  const all = body.entries as { readonly entry: string }[];
  return all.map(({ entry }) => JSON.parse(Buffer.from(entry, "base64url").toString()));
};
/** A device of the account, signed in and not registered. */
async function newDevice(subject: string, accountKey = ed25519()): Promise<TestDevice> {
  const device = new TestDevice(server);
  device.accountKey = accountKey;
  await device.signInAsCustomer(subject);
  return device;
}

test("a reset takes devices, sessions and the key away; the account begins anew with another", async () => {
  const subject = randomUUID();
  const first = await customerDevice(server, subject);
  const second = await newDevice(subject);
  second.joinAccountOf(first);
  await second.register();
  const asking = await newDevice(subject);
  const id = randomUUID();
  const ephemeralKey = toBase64Url(randomBytes(32));
  const body = { id, device: asking.id, ephemeralKey };
  expect((await asking.request("POST", "/v1/link-requests", { body })).status).toBe(201);

  const answer = await reset(admin, first.user, { reason: "account_taken_over" });
  expect([answer.status, answer.body]).toEqual([200, { devicesRemoved: 2 }]);
  const listed = await admin.request("GET", `/v1/users/${first.user}/devices`);
  expect(listed.body).toMatchObject({ accountKey: null, devices: [] });
  for (const device of [first, second, asking]) {
    const refused = await device.request("GET", "/v1/staff");
    expect([refused.status, refused.body.code]).toEqual([401, "session_revoked"]);
    const renewal = await device.request("POST", "/v1/sessions/current/renew");
    expect(renewal.body.code).toBe("session_revoked");
  }
  for (const device of [first, second])
    expect((await device.signInAsCustomer(subject)).body.code).toBe("device_revoked");
  await asking.signInAsCustomer(subject);
  const link = await asking.request("GET", `/v1/link-requests/${id}`);
  expect(link.body.code).toBe("link_request_not_found");

  expect(await historyOf(first.user)).toMatchObject([
    { change: "device_added", device: first.id },
    { change: "device_added", device: second.id },
    { change: "device_removed", version: 3 },
    { change: "device_removed", version: 4 },
  ]);
  expect((await entries()).at(-1)).toMatchObject({
    class: "D",
    outcome: "success",
    actor: { id: admin.user, role: "admin", device: admin.id },
    subject: first.user,
    resource: { type: "user", id: first.user },
    details: { reason: "account_taken_over", devices: 2 },
  });

  // Who has the former key, as a thief of a device does, does not bring it back.
  const thief = await newDevice(subject, first.accountKey);
  const refused = await thief.register();
  expect([refused.status, refused.body.code]).toEqual([409, "account_key_retired"]);
  const returned = await newDevice(subject);
  expect((await returned.register()).status).toBe(201);
  expect((await thief.register()).body.code).toBe("account_key_mismatch");
});

test("an account without devices, or reset before, has nothing to remove; it is done all the same", async () => {
  const device = await newDevice(randomUUID());
  for (let time = 0; time < 2; time++)
    expect((await reset(admin, device.user)).body).toEqual({ devicesRemoved: 0 });
  expect(await historyOf(device.user)).toEqual([]);
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
});

test("a reset that was cut off before its conversations knew is brought to its end by the next", async () => {
  const [lost, agent] = [await customerDevice(server), await staffDevice(server)];
  await createConversation(lost, [agent]);
  const watching = await RelaySocket.open(server, agent);
  await watching.deliveries(1);
  const { tenant, user, id: device } = admin;
  const { rows } = await server.database.owner.query<{ id: SessionId }>(
    "select id from sealdesk.sessions where user_id = $1",
    [user],
  );
  const cutOff = resetAccount(
    {
      pool: server.database.pool,
      now: () => server.clock.now(),
      disconnect: () => undefined,
      announce: () => Promise.reject(new Error("cut off")),
    },
    {
      tenant,
      user,
      role: "admin",
      device,
      session: rows[0]!.id,
      method: "password",
      policy: defaultPolicy,
      signIn: unknownSignIn,
    },
    { user: lost.user, reason: "devices_lost" },
  );
  await expect(cutOff).rejects.toThrow("cut off");
  expect((await reset(admin, lost.user)).body).toEqual({ devicesRemoved: 0 });
  expect(await watching.deliveries(1)).toMatchObject([{ kind: "device_removed", epoch: 2 }]);
  await watching.close();
});

test("an account whose last device removed itself can begin anew only after a reset", async () => {
  const subject = randomUUID();
  const only = await customerDevice(server, subject);
  await only.remove(only);
  const next = await newDevice(subject);
  expect((await next.register()).body.code).toBe("account_key_mismatch");
  expect((await reset(admin, only.user)).body).toEqual({ devicesRemoved: 0 });
  await next.signInAsCustomer(subject);
  expect((await next.register()).status).toBe(201);
});

test("an actor who is not an admin with a registered device is refused, which is audited", async () => {
  const victim = await customerDevice(server);
  const unregistered = new TestDevice(server);
  await unregistered.signInAsStaff(await server.createStaff("admin"));
  const refusals: [TestDevice, string, string, string[]][] = [
    [victim, victim.user, "forbidden", ["role_customer"]],
    [await staffDevice(server), victim.user, "forbidden", ["role_agent"]],
    [await staffDevice(server, "supervisor"), victim.user, "forbidden", ["role_supervisor"]],
    [unregistered, victim.user, "device_required", ["device_not_registered"]],
    [admin, admin.user, "forbidden", ["own_account"]],
  ];
  for (const [by, user, code, reasons] of refusals) {
    const refused = await reset(by, user);
    expect([refused.status, refused.body.code]).toEqual([403, code]);
    expect((await entries()).at(-1)).toMatchObject({
      outcome: "refused",
      reason: code,
      actor: { id: by.user },
      subject: user,
      decision: { allowed: false, reasons },
    });
  }
  expect((await victim.request("GET", "/v1/staff")).status).toBe(200);
});

test("an account of another tenant is not there", async () => {
  const tenant = await server.createTenant();
  const foreign = await customerDevice(server, randomUUID(), tenant);
  const refused = await reset(admin, foreign.user);
  expect([refused.status, refused.body.code]).toEqual([404, "user_not_found"]);
  expect((await foreign.request("GET", "/v1/staff")).status).toBe(200);
});

test.each([{}, { reason: "because" }, { reason: "devices_lost", user: newId<UserId>() }])(
  "a reset with %j is not of the documented form",
  async (body) => {
    expect((await reset(admin, randomUUID(), body)).body.code).toBe("invalid_request");
  },
);

const waiting = (count: number) => waitingForAccounts(server, count);

/** Has `requests` pass authentication and then wait for these accounts, in this order. */
const held = (users: readonly UserId[], requests: readonly (() => Promise<Reply>)[]) =>
  inTransaction(server.database.pool, server.tenant.id, async (client) => {
    await client.query("select from users where id = any($1::uuid[]) for update", [users]);
    const answers: Promise<Reply>[] = [];
    for (const send of requests) {
      answers.push(send());
      await waiting(answers.length);
    }
    return answers;
  }).then((answers) => Promise.all(answers));

test("a registration that was let in before the reset does not outlive it", async () => {
  const subject = randomUUID();
  const lost = await customerDevice(server, subject);
  const newcomer = await newDevice(subject);
  const [resetting, registering] = await held(
    [lost.user],
    [() => reset(admin, lost.user), () => newcomer.register()],
  );
  expect(resetting!.body).toEqual({ devicesRemoved: 1 });
  expect(registering!.body.code).toBe("session_revoked");
});

test("one of two admins who reset each other at once succeeds, and the other is no longer admin", async () => {
  const [one, other] = [await staffDevice(server, "admin"), await staffDevice(server, "admin")];
  const [first, second] = await held(
    [one.user, other.user],
    [() => reset(one, other.user), () => reset(other, one.user)],
  );
  expect(first!.body).toEqual({ devicesRemoved: 1 });
  expect([second!.status, second!.body.code]).toEqual([401, "session_revoked"]);
  expect((await one.request("GET", "/v1/staff")).status).toBe(200);
  expect((await entries()).at(-1)).toMatchObject({
    outcome: "refused",
    reason: "session_revoked",
    actor: { id: other.user },
    subject: one.user,
  });
});

// Both are sent before either waits: a node lets an account that holds a connection for long wait for others.
test("one of two devices that remove each other at once succeeds", async () => {
  const subject = randomUUID();
  const one = await customerDevice(server, subject);
  const other = await newDevice(subject);
  other.joinAccountOf(one);
  await other.register();
  const removals = await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    await client.query("select from users where id = $1 for update", [one.user]);
    const sent = [one.remove(other), other.remove(one)];
    await waiting(sent.length);
    return sent;
  });
  const answers = await Promise.all(removals);
  const [first, second] = answers.toSorted((a, b) => a.status - b.status);
  expect(first!.status).toBe(204);
  expect([second!.status, second!.body.code]).toEqual([401, "session_revoked"]);
});
