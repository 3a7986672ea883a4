import { randomBytes, randomUUID } from "node:crypto";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { createPool, type Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { authorised } from "../../../identity/accounts/administrator.ts";
import { actByKey } from "../../../identity/administration/act-by-key.ts";
import { ApiRequests } from "../../../identity/administration/api-requests.ts";
import { removeApiKey } from "../../../identity/administration/api-keys.ts";
import { authenticateApiKey } from "../../../identity/administration/authenticate-api-key.ts";
import {
  revokeCustomerKey,
  unrevokeCustomerKey,
} from "../../../identity/accounts/revoke-customer-key.ts";
import type { Profiles } from "../../../identity/accounts/profiles.ts";
import { Secret } from "../../../keys/secret.ts";
import { resetStaffRoute } from "../../../server/http/routes/administration/staff.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { startKeySetServer } from "../../support/key-set-server.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
let pool: Pool;
beforeAll(async () => {
  server = await startTestServer({
    networkSignInLimit: { burst: 5, secondsPerFurther: 600 },
  });
  pool = createPool(server.loginUrl);
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

const idOf = (token: string): string => token.split("_")[1] ?? "";
const serverKey = () => new Secret<Uint8Array>(randomBytes(32));
const now = () => server.clock.now();

async function holderOf(token: string) {
  const { slug } = server.tenant;
  const asked = { slug, token, requestId: newId(), countFailure: async () => undefined };
  return authenticateApiKey({ pool, now }, asked);
}

test("the removal of a key waits for an act of the key, and both succeed", async () => {
  const token = await apiKeyOf(server);
  const holder = await holderOf(token);
  const requests = new ApiRequests(pool, () => [serverKey()]);
  const act = {
    requestId: newId(),
    action: "create_staff",
    audit: "user.create",
    resource: { type: "user", id: newId<UserId>() },
    once: undefined,
  } as const;
  let removal: Promise<void> | undefined;
  await actByKey({ pool, now, requests }, holder, act, (by) =>
    inTransaction(pool, server.tenant.id, async (client) => {
      await authorised(client, by);
      removal = removeApiKey(server.database.ownerUrl, {
        slug: server.tenant.slug,
        id: idOf(token),
        nowMs: now(),
      });
      await until(async () => {
        const { rowCount } = await server.database.owner.query(
          "select from pg_stat_activity where application_name = 'sealdesk-operator' and wait_event_type = 'Lock'",
        );
        return rowCount !== 0;
      });
      // The row refers to the tenant, whose row the removal has locked.
      await requests.claim(client, holder, { idempotencyKey: "k", content: "c" }, now());
      return { status: 204 };
    }),
  );
  await removal;
  await expect(holderOf(token)).rejects.toMatchObject({ code: "invalid_token" });
});

test("acts of one key wait for each other, so that its removal gets its turn", async () => {
  const holder = await holderOf(await apiKeyOf(server));
  const lock = "select from api_keys where id = $1 for no key update nowait";
  const act = {
    requestId: newId(),
    action: "read_settings",
    audit: "staff.list",
    resource: { type: "tenant", id: server.tenant.id },
    once: undefined,
  } as const;
  const requests = new ApiRequests(pool, () => [serverKey()]);
  await actByKey({ pool, now, requests }, holder, act, (by) =>
    inTransaction(pool, server.tenant.id, async (client) => {
      await authorised(client, by);
      const other = inTransaction(pool, server.tenant.id, (second) =>
        second.query(lock.replace("no key update", "share"), [holder.id]),
      );
      await expect(other).rejects.toMatchObject({ code: "55P03" });
      return { status: 204 };
    }),
  );
});

test("a request is known under every key of the server, also while these rotate", async () => {
  const holder = await holderOf(await apiKeyOf(server));
  const [old, fresh] = [serverKey(), serverKey()];
  const once = { idempotencyKey: randomUUID(), content: "c" };
  const claimUnder = (...keys: Secret<Uint8Array>[]) =>
    inTransaction(pool, server.tenant.id, (client) =>
      new ApiRequests(pool, () => keys).claim(client, holder, once, now()),
    );
  await claimUnder(old);
  await expect(claimUnder(fresh, old)).rejects.toMatchObject({ code: "request_unanswered" });
});

test("refusals of a key are counted together, whomever they are about, and apart from another key's", async () => {
  const [noisy, quiet] = [
    await apiKeyOf(server, { scopes: ["read_settings"] }),
    await apiKeyOf(server, { scopes: ["read_settings"] }),
  ];
  const target = randomUUID();
  const reset = (key: string, user: string) =>
    backendWith(server, key)("POST", `staff/${user}/reset`, { reason: "devices_lost" });
  for (let at = 0; at < 15; at++) await reset(noisy, randomUUID());
  await reset(noisy, target);
  await reset(quiet, target);
  const refusalsOf = async (key: string) =>
    (await server.auditEntries()).filter(
      ({ action, actor }) =>
        action === "account.reset" && (actor as { id: string }).id === `api-key ${idOf(key)}`,
    ).length;
  expect([await refusalsOf(noisy), await refusalsOf(quiet)]).toEqual([10, 1]);
});

test("a reset that cannot be announced is a success, and its answer is kept", async () => {
  const { id: user } = await server.createStaff("agent");
  const holder = await holderOf(await apiKeyOf(server));
  const untold: unknown[] = [];
  const failure = new Error("no connection");
  const route = resetStaffRoute({
    pool,
    now,
    ownerUrl: server.database.ownerUrl,
    profiles: {} as Profiles,
    requests: new ApiRequests(pool, () => [key]),
    announce: () => Promise.reject(failure),
    onUnannounced: (error) => void untold.push(error),
    disconnect: () => undefined,
  });
  const key = serverKey();
  const call = {
    requestId: newId(),
    who: holder,
    params: { tenant: server.tenant.slug, user },
    query: undefined,
    headers: { "idempotency-key": randomUUID() },
    body: { reason: "devices_lost" },
    request: { method: "POST", url: "https://x", proof: undefined, origin: undefined, network: "" },
  } as unknown as Parameters<typeof route.handle>[0];
  const answer = { status: 200, body: { devicesRemoved: 0 } };
  expect(await route.handle(call)).toEqual(answer);
  expect(await route.handle(call)).toEqual(answer);
  expect(untold).toEqual([failure, failure]);
  const about = (await server.auditEntries()).filter(({ subject }) => subject === user);
  expect(about.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["user.create", "success"],
    ["account.reset", "success"],
  ]);
});

test("a list of revoked keys that an API key filled has room for the operator", async () => {
  const { owner, ownerUrl } = server.database;
  await owner.query(
    `update sealdesk.tenants set revoked_customer_kids =
       (select array_agg('k' || n) from generate_series(1, 100) n) where id = $1`,
    [server.tenant.id],
  );
  const key = await apiKeyOf(server);
  const full = await backendWith(server, key)("POST", "customer-keys/stolen/revocation");
  expect([full.status, full.body.code]).toEqual([400, "invalid_customer_keys"]);
  const revocation = { slug: server.tenant.slug, kid: "stolen", nowMs: now() };
  expect(await revokeCustomerKey(ownerUrl, revocation)).toHaveLength(101);
  expect(await unrevokeCustomerKey(ownerUrl, { ...revocation, kid: "k1" })).toHaveLength(100);
});

test("a URL whose set has no usable key is refused", async () => {
  const empty = await startKeySetServer();
  const key = await apiKeyOf(server);
  const reply = await backendWith(server, key)("PUT", "customer-jwks-url", { url: empty.url });
  expect([reply.status, reply.body.code]).toEqual([400, "invalid_customer_keys"]);
  await empty.close();
});

// The last test: it uses up the failures of this address.
test("wrong keys of a network are refused after a limit, and a right key behind the same address is not", async () => {
  const right = backendWith(server, await apiKeyOf(server));
  const wrong = backendWith(server, `sdk_0123456789abcdef_${"A".repeat(43)}`);
  const statuses: number[] = [];
  for (let at = 0; at < 7; at++) statuses.push((await wrong("GET", "settings")).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  const unknown = { id: newId<TenantId>(), slug: "no-such-tenant" };
  const nowhere = backendWith(server, `sdk_0123456789abcdef_${"A".repeat(43)}`, unknown);
  expect((await nowhere("GET", "settings")).status).toBe(429);
  expect((await right("GET", "settings")).status).toBe(200);
});
