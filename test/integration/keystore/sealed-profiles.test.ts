import { createKeystorePool } from "../../../db/pool.ts";
import { destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("names are found and shown, stand nowhere in the data, and go with their subject's key", async () => {
  const staff = await server.createStaff("agent");
  const asking = await staffDevice(server);
  const { rows } = await server.database.owner.query<{ row: string }>(
    "select users::text as row from sealdesk.users where id = $1",
    [staff.id],
  );
  for (const text of [staff.username, "Test agent"])
    expect(rows[0]?.row).not.toContain(Buffer.from(text).toString("hex"));
  expect(rows[0]?.row).not.toContain(staff.username);

  expect((await new TestDevice(server).signInAsStaff(staff)).status).toBe(201);
  const nameOf = async () => {
    const reply = await asking.request("GET", "/v1/staff");
    const body = reply.body as { staff: { id: string; displayName: string | null }[] };
    return body.staff.find(({ id }) => id === staff.id)?.displayName;
  };
  expect(await nameOf()).toBe("Test agent");
  const keystore = createKeystorePool(server.loginUrl, { max: 1 });
  await destroySubjectKeys(
    { keystore, apart: undefined, now: Date.now },
    server.tenant.id,
    staff.id,
    { actor: { kind: "system", id: "test" } },
  );
  await keystore.end();
  await until(async () => (await nameOf()) === null);
});

test("a user name is taken within its tenant alone", async () => {
  const other = await server.createTenant();
  const [one, two] = await Promise.all([
    server.createStaff("agent"),
    server.createStaff("agent", other),
  ]);
  const { rows } = await server.database.owner.query<{ username_index: Buffer }>(
    "select username_index from sealdesk.users where id = any($1::uuid[])",
    [[one.id, two.id]],
  );
  expect(new Set(rows.map((row) => row.username_index.toString("hex"))).size).toBe(2);
  const { username, password } = one;
  const elsewhere = { id: one.id, tenant: other.slug, username, password };
  expect((await new TestDevice(server).signInAsStaff(elsewhere)).status).toBe(401);
});

test("a name that was altered in the database fails the acts that show it, and they leave an entry", async () => {
  const tenant = await server.createTenant();
  const staff = await server.createStaff("agent", tenant);
  const asking = await staffDevice(server, "supervisor", tenant);
  await server.database.owner.query(
    "update sealdesk.users set display_name = set_byte(display_name, 20, 255 - get_byte(display_name, 20)) where id = $1",
    [staff.id],
  );

  const listed = await asking.request("GET", "/v1/staff");
  const { status } = await new TestDevice(server).signInAsStaff(staff);

  expect(listed).toMatchObject({ status: 500, body: { code: "internal_error" } });
  expect(status).toBe(500);
  const entries = await server.auditEntries(tenant);
  for (const [action, actor] of [
    ["staff.list", asking.user],
    ["session.create", "sign-in"],
  ])
    expect(entries).toContainEqual(
      expect.objectContaining({
        action,
        actor: expect.objectContaining({ id: actor }),
        outcome: "refused",
        reason: "seal_broken",
      }),
    );
});
