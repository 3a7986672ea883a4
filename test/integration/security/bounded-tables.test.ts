import { randomBytes, randomUUID } from "node:crypto";
import { sweepSessions } from "../../../identity/tokens/sweep-sessions.ts";
import { sweepDays } from "../../../messaging/storage/sweep-days.ts";
import { dayOf } from "../../../policies/message-quota.ts";
import { addMember, removeMember } from "../../support/acts.ts";
import { customerDevice, fakePreKeys, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const day = 86_400_000;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const count = async (from: string, values: unknown[]): Promise<number> => {
  const { rows } = await server.database.owner.query<{ n: number }>(
    `select count(*)::int as n from sealdesk.${from}`,
    values,
  );
  return rows[0]?.n ?? 0;
};

/** Devices that the account registered and removed, as registration would have left them. */
const arrangeRemovedDevices = (device: TestDevice, number: number, createdAtMs: number) =>
  server.database.owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms, revoked_at_ms)
     select gen_random_uuid(), tenant, user_id, registration_id, sha256(uuid_send(gen_random_uuid())),
       identity_key, receipt_key, certificate, $3, $3
     from sealdesk.devices, generate_series(1, $2) n where id = $1`,
    [device.id, number, createdAtMs],
  );

test("an account cannot register and remove devices without end", async () => {
  const subject = randomUUID();
  const first = await customerDevice(server, subject);
  const nowMs = server.clock.now();
  await arrangeRemovedDevices(first, 62, nowMs);
  await arrangeRemovedDevices(first, 40, nowMs - 31 * day);
  const sibling = async () => {
    const device = new TestDevice(server);
    await device.signInAsCustomer(subject);
    device.joinAccountOf(first);
    return device;
  };
  const last = await sibling();
  expect((await last.register()).status).toBe(201);
  const oneMore = await sibling();
  expect(await oneMore.register()).toMatchObject({
    status: 409,
    body: { code: "too_many_devices" },
  });
  server.clock.offsetMs += 31 * day;
  const later = await sibling();
  expect((await later.register()).status).toBe(201);
  server.clock.offsetMs = 0;
});

test("used prekeys of a device are forgotten above a number", async () => {
  const device = await customerDevice(server);
  await server.database.owner.query(
    `insert into sealdesk.one_time_prekeys (tenant, device, kind, id, digest)
     select $1, $2, kind, 10000 + n, $3
     from generate_series(1, 2500) n, unnest(array['ec', 'kyber']) kind`,
    [device.tenant, device.id, randomBytes(32)],
  );
  const body = fakePreKeys({ oneTime: 2, firstId: 90_000, signedId: 2 });
  const upload = () => device.request("PUT", "/v1/devices/current/prekeys", { body });
  expect(await upload()).toMatchObject({ status: 200, body: { preKeys: 5, kyberPreKeys: 5 } });
  const used = "one_time_prekeys where device = $1 and public_key is null";
  expect(await count(used, [device.id])).toBe(4_000);
  expect(await count(`${used} and id <= 10500`, [device.id])).toBe(0);
});

test("sessions are deleted a day after they ended, and no sooner", async () => {
  const device = await customerDevice(server);
  const sweepAt = (afterMs: number) =>
    sweepSessions({ pool: server.database.pool, now: () => server.clock.now() + afterMs });
  const mine = () => count("sessions where user_id = $1", [device.user]);
  await sweepAt(1.4 * day);
  expect(await mine()).toBe(1);
  await sweepAt(1.6 * day);
  expect(await mine()).toBe(0);
});

test("a tenant whose sessions cannot be deleted does not stop the sweep of the others", async () => {
  const { owner, pool } = server.database;
  const other = await server.createTenant();
  const now = () => server.clock.now() + 1.6 * day;
  await owner.query(`
    create function sealdesk.refuse_delete() returns trigger language plpgsql as
      $$ begin if old.tenant::text = tg_argv[0] then raise 'refused'; end if; return old; end $$`);
  for (const [failing, swept] of [
    [server.tenant, other],
    [other, server.tenant],
  ] as const) {
    await customerDevice(server, randomUUID(), failing);
    const { user } = await customerDevice(server, randomUUID(), swept);
    await owner.query(`
      create trigger refuse before delete on sealdesk.sessions
      for each row execute function sealdesk.refuse_delete('${failing.id}')`);
    await expect(sweepSessions({ pool, now })).rejects.toThrow("refused");
    expect(await count("sessions where user_id = $1", [user])).toBe(0);
    await owner.query("drop trigger refuse on sealdesk.sessions");
  }
});

test("over its quota an account adds no members, but removes them and closes", async () => {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server, "supervisor")];
  const conversation = await createConversation(customer, [agent]);
  const set = (column: string, value: number) =>
    server.database.owner.query(`update sealdesk.tenants set ${column} = $1 where id = $2`, [
      value,
      server.tenant.id,
    ]);
  await set("message_tenant_count", 1);
  const other = await staffDevice(server);
  const added = await addMember(agent, conversation, other.user);
  expect(added).toMatchObject({ status: 507, body: { code: "quota_exceeded" } });
  await expect(createConversation(customer, [])).rejects.toThrow(/quota_exceeded/);
  expect((await removeMember(agent, conversation, agent.user)).status).toBe(200);
  await set("message_tenant_count", 1_000_000);
});

test("an operator's recount corrects counts and says which", async () => {
  const customer = await customerDevice(server);
  await createConversation(customer, []);
  const args = ["tenant", "recount-storage", "--slug", server.tenant.slug];
  expect(await runSealdesk(server, args)).toMatchObject({ code: 0 });
  await server.database.owner.query(
    "update sealdesk.storage_usage set items = items + 5 where kind = 'messages' and tenant = $1",
    [server.tenant.id],
  );
  const corrected = await runSealdesk(server, args);
  expect(corrected.code).toBe(0);
  expect(corrected.out).toContain(`messages ${server.tenant.id}: -`);
  const again = await runSealdesk(server, args);
  expect(again.out).toBe(`All counts of tenant ${server.tenant.slug} were right.\n`);
  const unknown = await runSealdesk(server, [...args.slice(0, -1), "no-such-tenant"]);
  expect(unknown).toMatchObject({ code: 1, err: "There is no tenant of that slug.\n" });
});

test("counts of an account's day are deleted when it is over", async () => {
  const customer = await customerDevice(server);
  await createConversation(customer, []);
  const mine = () => count("storage_usage where owner = $1 and day > 0", [customer.user]);
  const sweepAt = (afterMs: number) =>
    sweepDays({ pool: server.database.pool, now: () => server.clock.now() + afterMs });
  await sweepAt(0);
  expect(await mine()).toBe(1);
  expect(dayOf(server.clock.now())).toBeGreaterThan(20_000);
  await sweepAt(2 * day);
  expect(await mine()).toBe(0);
});
