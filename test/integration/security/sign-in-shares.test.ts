import { randomBytes, randomUUID } from "node:crypto";
import { createPool, type Pool } from "../../../db/pool.ts";
import { Secret } from "../../../keys/secret.ts";
import { CustomerKeyFinder } from "../../../identity/tokens/customer-keys/customer-key-finder.ts";
import { NetworkPseudonyms } from "../../../identity/tokens/network-pseudonyms.ts";
import { RefusedSignIns } from "../../../identity/tokens/refused-sign-ins.ts";
import { openSession } from "../../../identity/tokens/open-session.ts";
import { ReplayCache } from "../../../identity/tokens/replay-cache.ts";
import type { SignInDeps } from "../../../identity/tokens/sign-in.ts";
import { TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ trustedProxies: ["127.0.0.1"] });
});
afterAll(() => server.close());

describe("the memory of used proofs", () => {
  let pool: Pool;
  beforeAll(() => {
    pool = createPool(server.loginUrl);
  });
  afterAll(() => pool.end());

  /** Sign-ins at a node whose memory gives one proof to an account. */
  function signIns() {
    const deps: SignInDeps = {
      pool,
      now: () => server.clock.now(),
      newId,
      accessTokens: {
        issue: async () => ({ accessToken: "", expiresAtMs: 0 }),
        verify: () => Promise.reject(new Error("not used")),
      },
      replays: new ReplayCache(60_000, { node: 100, tenant: 100, account: 1 }),
      profiles: { displayName: async () => null } as unknown as SignInDeps["profiles"],
      totpSecrets: {} as unknown as SignInDeps["totpSecrets"],
      challenges: {} as unknown as SignInDeps["challenges"],
      blindIndexKeys: () => [blindIndexKey],
      customerKeys: new CustomerKeyFinder({
        fetch: () => Promise.reject(new Error("not used")),
        onFailed: () => undefined,
      }),
      providers: undefined as unknown as SignInDeps["providers"],
      disconnect: () => undefined,
      publicUrl: server.url,
      limits: {
        attempt: (_by, check) => check(),
        redeems: (redeem) => redeem(),
        tokenFailed: async () => undefined,
        anonymousBegins: () => Promise.resolve(),
        sessionOpens: async () => undefined,
      },
      site: "192.0.2.1",
      pseudonyms: new NetworkPseudonyms(pool, () => [blindIndexKey]),
      refused: new RefusedSignIns(),
    };
    return (device: TestDevice, token: string) =>
      openSession(deps, {
        grant: { kind: "customer_token", token: new Secret(token) },
        tenant: server.tenant.slug,
        proof: device.proof("POST", "/v1/sessions"),
        method: "POST",
        url: `${server.url}/v1/sessions`,
      });
  }
  const blindIndexKey = new Secret<Uint8Array>(randomBytes(32));

  test("is not filled by failed sign-ins from any network", async () => {
    const signIn = signIns();
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(signIn(new TestDevice(server), "not.a.token")).rejects.toMatchObject({
        code: "sign_in_failed",
      });
    const token = await server.customerToken(randomUUID());
    await expect(signIn(new TestDevice(server), token)).resolves.toHaveProperty("session");
  });

  test("has a share for each registered device, which other sign-ins to the account cannot use", async () => {
    const signIn = signIns();
    const token = await server.customerToken(randomUUID());
    const own = new TestDevice(server);
    const { user } = await signIn(own, token);
    await expect(signIn(new TestDevice(server), token)).rejects.toMatchObject({
      code: "overloaded",
    });
    await server.database.owner.query(
      `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
         receipt_key, certificate, created_at_ms) values ($1, $2, $3, 1, $4, $5, $6, $7, 1)`,
      [
        own.id,
        server.tenant.id,
        user.id,
        own.deviceKey.publicKey,
        own.identityKey,
        own.receiptKey.publicKey,
        Buffer.alloc(64),
      ],
    );
    await expect(signIn(own, token)).resolves.toHaveProperty("session");
  });
});

test.each([
  ["one network", () => "192.0.2.1"],
  ["the networks of one IPv6 site", (index: number) => `2001:db8:1:${index}::1`],
])("sign-ins from %s take the turns of no other", async (_, networkOf) => {
  const owner = await server.database.owner.connect();
  const subject = randomUUID();
  const slow = new TestDevice(server);
  await slow.signInAsCustomer(subject);
  const token = await server.customerToken(subject);
  const signIn = async (network: string, customerToken: string) => {
    const response = await fetch(`${server.url}/v1/sessions`, {
      method: "POST",
      headers: {
        dpop: new TestDevice(server).proof("POST", "/v1/sessions"),
        "content-type": "application/json",
        "x-forwarded-for": network,
      },
      body: JSON.stringify({
        grant: "customer_token",
        tenant: server.tenant.slug,
        token: customerToken,
      }),
    });
    return response.status;
  };
  // These sign-ins wait for their account's row, in all places that one network may have.
  await owner.query("begin");
  await owner.query("select from sealdesk.users where id = $1 for update", [slow.user]);
  const waiting = Array.from({ length: 20 }, (__, index) => signIn(networkOf(index), token));
  const BLOCKED =
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  const watching = server.database.owner;
  while (((await watching.query(BLOCKED)).rowCount ?? 0) < 2);

  const status = await signIn("198.51.100.1", await server.customerToken(randomUUID()));
  await owner.query("commit");
  owner.release();
  expect(status).toBe(201);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([201]));
});
