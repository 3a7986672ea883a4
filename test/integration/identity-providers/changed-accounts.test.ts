import { disableAccount } from "../../../identity/accounts/disable-account.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { TestDevice } from "../../support/device.ts";
import { ada, startProvider, type TestProvider } from "../../support/identity-provider.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { until } from "../../support/until.ts";

// What is done to an account while its person signs in with a provider, or before.

let server: TestServer;
let provider: TestProvider;
let account: TestStaff["id"];
beforeAll(async () => {
  server = await startTestServer();
  provider = await startProvider(server, {
    roles: [
      { group: "leads", role: "supervisor" },
      { group: "support", role: "agent" },
    ],
  });
  account = (await signIn()).body.user.id;
});
afterAll(async () => {
  await provider.close();
  await server.close();
});

async function signIn() {
  const device = new TestDevice(server);
  return device.signIn(await grantFrom(provider, device, ada.id));
}
const lastRefusal = async () =>
  (await server.auditEntries()).findLast(({ outcome }) => outcome === "refused");

test("a sign-in that is under way when the account is linked to another person opens no session", async () => {
  const { owner } = server.database;
  const device = new TestDevice(server);
  const grant = await grantFrom(provider, device, ada.id);
  const holding = await owner.connect();
  await holding.query("begin");
  // The sign-in waits for it once it has found the account.
  await holding.query(
    `select pg_advisory_xact_lock(hashtextextended('provider logout ' || id::text, 0))
     from sealdesk.identity_providers where name = $1`,
    [provider.name],
  );
  const signingIn = device.signIn(grant);
  const blocked =
    "select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()";
  await until(async () => (await owner.query(blocked)).rowCount !== 0);
  const { rows } = await owner.query<{ link: Buffer }>(
    "select identity_index as link from sealdesk.users where id = $1",
    [account],
  );
  const relink = "update sealdesk.users set identity_index = $2 where id = $1";
  await owner.query(relink, [account, Buffer.alloc(32, 1)]);
  await holding.query("commit");
  holding.release();
  expect((await signingIn).body.code).toBe("sign_in_failed");
  expect(await lastRefusal()).toMatchObject({
    action: "session.create",
    reason: "linked_to_another",
  });
  await owner.query(relink, [account, rows[0]?.link]);
  expect((await signIn()).status).toBe(201);
});

test("a sign-in changes nothing of a disabled account", async () => {
  await disableAccount(
    server.database.ownerUrl,
    { usernameIndexes: () => [] },
    { tenant: server.tenant.id, account: { user: account }, nowMs: server.clock.now() },
  );
  provider.setGroups(ada.id, "leads");
  expect((await signIn()).body.code).toBe("sign_in_failed");
  expect(await lastRefusal()).toMatchObject({ reason: "account_disabled", subject: account });
  const { rows } = await server.database.owner.query(
    "select role from sealdesk.users where id = $1",
    [account],
  );
  expect(rows).toEqual([{ role: "agent" }]);
});

test("the database refuses changes of disabled and of provisioned accounts by a sign-in", async () => {
  const { owner, pool } = server.database;
  const update = () =>
    inTransaction(pool, server.tenant.id, (client) =>
      client.query(
        `select update_provider_account($1, p.id, 'agent', u.username_index, u.username, u.display_name)
         from users u, identity_providers p where u.id = $1 and p.name = $2`,
        [account, provider.name],
      ),
    );
  await expect(update()).rejects.toMatchObject({ code: "42501" });
  await owner.query("update sealdesk.users set disabled_at_ms = null where id = $1", [account]);
  await update();
  await owner.query("update sealdesk.identity_providers set accounts = 'scim-only'");
  await expect(update()).rejects.toMatchObject({ code: "42501" });
});
