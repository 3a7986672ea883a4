import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { customerDevice, TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

// The built command, as it is installed: `npm run build` comes before these tests.
const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const resetUser = (username: string, tenant = server.tenant.slug) => {
  const named = ["--tenant", tenant, "--username", username, "--reason", "devices_lost"];
  const env = {
    PATH: process.env["PATH"],
    NODE_ENV: "test",
    SEALDESK_HOME: server.home,
    DATABASE_URL: server.loginUrl,
    DATABASE_OWNER_URL: server.database.ownerUrl,
  };
  const args = [command, "user", "reset", ...named];
  return promisify(execFile)(process.execPath, args, { cwd: server.home, env });
};

test("the operator resets an account: a running server closes sockets and has the new epochs", async () => {
  const staff = await server.createStaff("supervisor");
  const lost = new TestDevice(server);
  await lost.signInAsStaff(staff);
  await lost.register();
  const customer = await customerDevice(server);
  const id = await createConversation(customer, [lost]);
  const [watching, ending] = [
    await RelaySocket.open(server, customer),
    await RelaySocket.open(server, lost),
  ];
  await watching.deliveries(1);
  // The server has the conversation's head in memory when somebody else changes it.
  expect(await watching.post(messageTo(id, [lost]))).toMatchObject({ seq: 2 });

  const { stdout } = await resetUser(staff.username);
  expect(stdout).toContain(`Reset ${staff.username}: removed 1 devices`);
  expect(await watching.post(messageTo(id, [lost]))).toMatchObject({ code: "stale_epoch" });
  expect(await watching.post(messageTo(id, [], { epoch: 2 }))).toMatchObject({ seq: 4 });
  expect(await watching.deliveries(1)).toMatchObject([{ kind: "device_removed", epoch: 2 }]);
  expect(await ending.closed).toBe(4503);
  expect((await lost.signInAsStaff(staff)).body.code).toBe("device_revoked");

  const resets = (await server.auditEntries()).filter(({ action }) => action === "account.reset");
  expect(resets).toMatchObject([
    {
      actor: { kind: "system", id: "operator" },
      subject: lost.user,
      outcome: "success",
      details: { reason: "devices_lost", devices: 1 },
    },
  ]);
  await watching.close();
});

test("a user name that is not there, or is another tenant's, is said in one sentence", async () => {
  const staff = await server.createStaff("agent", await server.createTenant());
  for (const username of ["nobody", staff.username])
    await expect(resetUser(username)).rejects.toMatchObject({
      code: 1,
      stderr: "There is no such user.\n",
    });
});
