import { randomBytes } from "node:crypto";
import type { UserId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { requesterIn } from "../../../db/fairness/requester.ts";
import { redeemPasswordReset } from "../../../identity/passwords/redeem-reset.ts";
import { Secret } from "../../../keys/secret.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { changedMeanwhile } from "../../support/held-accounts.ts";
import { enrolTotp, stopClock } from "../../support/second-factor.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  stopClock(server);
});
afterAll(() => server.close());

test.each<[string, (client: Client, user: UserId) => Promise<unknown>]>([
  [
    "whose password is changed",
    (client, user) =>
      client.query("update sealdesk.users set password_hash = 'another' where id = $1", [user]),
  ],
  [
    "that gets a second factor",
    (client, user) =>
      client.query(
        `insert into sealdesk.totp_factors (tenant, user_id, secret, created_at_ms, confirmed_at_ms)
         values ($2, $1, '\\x00', 1, 1)`,
        [user, server.tenant.id],
      ),
  ],
])(
  "a sign-in that was let in before does not outlive the change of an account %s",
  async (_what, change) => {
    const staff = await server.createStaff("agent");
    const device = new TestDevice(server);
    const answer = await changedMeanwhile(
      server,
      [staff.id],
      () => device.signInAsStaff(staff),
      (client) => change(client, staff.id),
    );
    expect([answer.status, answer.body.code]).toEqual([401, "sign_in_failed"]);
  },
);

test.each<[string, (admin: TestDevice, user: UserId) => Promise<{ body: { code?: unknown } }>]>([
  ["makes a link", (admin, user) => admin.request("POST", `/v1/users/${user}/password-reset`)],
  ["removes a factor", (admin, user) => admin.request("DELETE", `/v1/users/${user}/totp`)],
])("an admin who %s while the own session ends is refused", async (_what, act) => {
  const [admin, staff] = [await staffDevice(server, "admin"), await server.createStaff("agent")];
  await enrolTotp(server, new TestDevice(server), staff);
  const answer = await changedMeanwhile(
    server,
    [admin.user],
    () => act(admin, staff.id),
    (client) =>
      client.query("update sealdesk.sessions set revoked_at_ms = 1 where user_id = $1", [
        admin.user,
      ]),
  );
  expect(answer.body.code).toBe("session_revoked");
});

test.each<[string, string, (password: string) => object]>([
  [
    "password",
    "/v1/account/password",
    (present) => ({ present, replacement: randomBytes(12).toString("hex") }),
  ],
  ["second factor", "/v1/account/totp", (password) => ({ password })],
])(
  "a stranger changes no %s of an account that gets its first device meanwhile",
  async (_what, path, bodyOf) => {
    const staff = await server.createStaff("agent");
    const [owner, stranger] = [new TestDevice(server), new TestDevice(server)];
    await owner.signInAsStaff(staff);
    await owner.register();
    await server.database.owner.query(
      "update sealdesk.devices set revoked_at_ms = 1 where id = $1",
      [owner.id],
    );
    await stranger.signInAsStaff(staff);
    const answer = await changedMeanwhile(
      server,
      [staff.id],
      () => stranger.request("POST", path, { body: bodyOf(staff.password) }),
      (client) =>
        client.query("update sealdesk.devices set revoked_at_ms = null where id = $1", [owner.id]),
    );
    expect(answer.body.code).toBe("device_required");
  },
);

test("the statements of a redemption take the turns of a stranger's site", async () => {
  const holders: unknown[] = [];
  const deps = {
    pool: server.database.pool,
    attempt: (check: () => Promise<boolean>) => check(),
    now: () => {
      holders.push(requesterIn(server.tenant.id));
      return server.clock.now();
    },
  };
  const given = {
    tenant: server.tenant.slug,
    token: new Secret(new Uint8Array(32)),
    password: new Secret("never compared"),
    requestId: "a test",
    site: "192.0.2.0/24",
  };
  await redeemPasswordReset(deps as never, given).catch(() => undefined);
  expect(holders[0]).toMatchObject({ tenant: server.tenant.id });
});
