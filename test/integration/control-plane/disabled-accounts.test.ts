import { disableAccount, enableAccount } from "../../../identity/accounts/disable-account.ts";
import type { Profiles } from "../../../identity/accounts/profiles.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { customerDevice, TestDevice } from "../../support/device.ts";
import { createConversation, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const never = 3_600_000;
let server: TestServer;
beforeAll(async () => {
  // Only the notification closes sockets in time.
  server = await startTestServer({}, { tickMs: 10, pollMs: never });
});
afterAll(() => server.close());

async function withDevice(
  staff?: TestStaff,
): Promise<{ readonly staff: TestStaff; readonly device: TestDevice }> {
  const known = staff ?? (await server.createStaff("agent"));
  const device = new TestDevice(server);
  await device.signInAsStaff(known);
  await device.register();
  return { staff: known, device };
}

const change = (staff: TestStaff) => ({
  tenant: server.tenant.id,
  account: { user: staff.id },
  nowMs: server.clock.now(),
});
// An account that is named by its id is not looked for by a name.
const profiles: Pick<Profiles, "usernameIndexes"> = { usernameIndexes: () => [] };
const disable = (staff: TestStaff) =>
  disableAccount(server.database.ownerUrl, profiles, change(staff));
const enable = (staff: TestStaff) =>
  enableAccount(server.database.ownerUrl, profiles, change(staff));

const entriesAbout = async ({ id }: TestStaff, action: string) =>
  (await server.auditEntries()).filter(
    (entry) => entry["subject"] === id && entry["action"] === action,
  );

test("a disabled account loses sockets on both nodes, sessions, devices and its certificate", async () => {
  const other = await server.startNode();
  const { staff, device } = await withDevice();
  const second = new TestDevice(server);
  await second.signInAsStaff(staff);
  second.joinAccountOf(device);
  await second.register();
  const customer = await customerDevice(server);
  await createConversation(customer, [device, second]);
  const certificateOf = async () =>
    (await customer.request("GET", `/v1/users/${staff.id}/devices`)).body.staffCertificate;
  await until(async () => (await certificateOf()) !== null);
  const sockets = [await RelaySocket.open(server, device), await RelaySocket.open(other, second)];

  const { devices } = await disable(staff);
  expect(devices).toHaveLength(2);
  expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([4503, 4503]);
  for (const each of [device, second]) {
    const { status, body } = await each.request("GET", "/v1/staff");
    expect([status, body.code]).toEqual([401, "session_revoked"]);
  }
  expect(await certificateOf()).toBeNull();
  const signIn = await new TestDevice(server).signInAsStaff(staff);
  expect([signIn.status, signIn.body.code]).toEqual([401, "sign_in_failed"]);
  const [refused] = await entriesAbout(staff, "session.create");
  expect(refused).toMatchObject({ outcome: "refused", reason: "account_disabled" });
  const { rows } = await server.database.owner.query(
    "select tenant, user_id from sealdesk.departures where user_id = $1",
    [staff.id],
  );
  expect(rows).toEqual([{ tenant: server.tenant.id, user_id: staff.id }]);
  expect(await entriesAbout(staff, "user.disable")).toMatchObject([
    { actor: { kind: "system", id: "operator" }, outcome: "success", details: { devices: 2 } },
  ]);
  await other.close();
});

test("an account that is enabled again has no device, and no former device comes back", async () => {
  const { staff, device } = await withDevice();
  await disable(staff);
  await enable(staff);
  expect((await device.signInAsStaff(staff)).body.code).toBe("device_revoked");
  const { device: fresh } = await withDevice(staff);
  const { body } = await fresh.request("GET", `/v1/users/${staff.id}/devices`);
  expect(body.devices).toHaveLength(1);
  expect(await entriesAbout(staff, "user.enable")).toHaveLength(1);
});

test("a sign-in that is under way when the account is disabled opens no session", async () => {
  const staff = await server.createStaff("agent");
  const client = await server.database.owner.connect();
  await client.query("begin");
  await client.query("update sealdesk.users set disabled_at_ms = 1 where id = $1", [staff.id]);
  const signingIn = new TestDevice(server).signInAsStaff(staff);
  const blocked =
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  await until(async () => (await server.database.owner.query(blocked)).rowCount !== 0);
  await client.query("commit");
  client.release();
  expect((await signingIn).body.code).toBe("sign_in_failed");
  const { rowCount } = await server.database.owner.query(
    "select from sealdesk.sessions where user_id = $1",
    [staff.id],
  );
  expect(rowCount).toBe(0);
});

test("colleagues do not see a disabled account among the staff", async () => {
  const { device } = await withDevice();
  const left = await server.createStaff("supervisor");
  const listed = async () =>
    (await device.request("GET", "/v1/staff?role=supervisor")).body.staff.map(
      ({ id }: { readonly id: string }) => id,
    );
  expect(await listed()).toContain(left.id);
  await disable(left);
  expect(await listed()).not.toContain(left.id);
});

test("another tenant's account is not found", async () => {
  const elsewhere = await server.createTenant();
  const staff = await server.createStaff("agent", elsewhere);
  await expect(disable(staff)).rejects.toMatchObject({ code: "user_not_found" });
  await expect(enable(staff)).rejects.toMatchObject({ code: "user_not_found" });
});

test("the operator's commands disable and enable an account", async () => {
  const { staff, device } = await withDevice();
  const socket = await RelaySocket.open(server, device);
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const disabled = await runSealdesk(server, ["user", "disable", ...named]);
  expect(disabled.out).toContain(`Disabled ${staff.username}: removed 1 devices`);
  expect(await socket.closed).toBe(4503);
  const enabled = await runSealdesk(server, ["user", "enable", ...named]);
  expect(enabled.out).toContain(`${staff.username} can sign in again.`);
  expect((await new TestDevice(server).signInAsStaff(staff)).status).toBe(201);
});

test("a program with an API key disables and enables an account, each with a scope of its own", async () => {
  const { staff, device } = await withDevice();
  const socket = await RelaySocket.open(server, device);
  const only = async (scope: string) =>
    backendWith(server, await apiKeyOf(server, { scopes: [scope] }));
  const [closes, opens] = [await only("disable_account"), await only("enable_account")];
  const path = `staff/${staff.id}`;
  expect((await opens("POST", `${path}/disable`)).status).toBe(403);
  const closed = await closes("POST", `${path}/disable`);
  expect([closed.status, closed.body]).toEqual([200, { devicesRemoved: 1 }]);
  expect(await socket.closed).toBe(4503);
  expect((await closes("POST", `${path}/enable`)).status).toBe(403);
  expect((await new TestDevice(server).signInAsStaff(staff)).status).toBe(401);
  expect((await opens("POST", `${path}/enable`)).status).toBe(204);
  expect((await new TestDevice(server).signInAsStaff(staff)).status).toBe(201);
  expect(await entriesAbout(staff, "user.enable")).toMatchObject([
    { outcome: "refused", reason: "forbidden" },
    { outcome: "success", decision: { allowed: true, reasons: ["scope"] } },
  ]);
});
