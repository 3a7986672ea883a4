import { randomUUID } from "node:crypto";
import { ReplayCache } from "../../../identity/tokens/replay-cache.ts";
import { Secret } from "../../../keys/secret.ts";
import { limiterFactory } from "../../../server/http/rate-limiter.ts";
import { connectRedis, type RedisConnection } from "../../../server/nodes/redis-client.ts";
import { SharedMessageLimits } from "../../../server/nodes/shared-message-limits.ts";
import { SharedUsedProofs } from "../../../server/nodes/shared-used-proofs.ts";
import { LocalMessageLimits, withTenantRate } from "../../../server/socket/message-limits.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/until.ts";
import { idOf, newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, DeviceId } from "../../../crypto/wire/ids.ts";

let redis: TestRedis;
let nodes: readonly RedisConnection[];
beforeAll(async () => {
  redis = await startRedis();
  const connect = () => connectRedis(new Secret(redis.url), () => undefined);
  nodes = [await connect(), await connect()];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await redis.kill();
});

const onBoth = <T>(make: (client: RedisConnection["client"]) => T): readonly [T, T] => {
  const [a, b] = nodes.map(({ client }) => make(client));
  if (a === undefined || b === undefined) throw new Error("there are two nodes");
  return [a, b];
};

const each = { burst: 10, perSecond: 2 };
const rates = { device: each, staffDevice: each, account: each, tenant: each };
/** What an operator has set for single tenants. */
const setRates = new Map<TenantId, typeof each>();
const ratesOf = (tenant: TenantId) => withTenantRate(rates, setRates.get(tenant));
/** A node's limits, compared so often that a test need not wait. */
const limitsOf = (client: RedisConnection["client"]) => {
  const monotonic = () => performance.now();
  const local = new LocalMessageLimits(ratesOf, monotonic);
  return new SharedMessageLimits({
    name: "messages",
    local,
    ratesOf,
    redis: client,
    monotonic,
    everyMs: 5,
  });
};
const sending = () => ({
  tenant: newId<TenantId>(),
  user: newId<UserId>(),
  device: newId<DeviceId>(),
  role: "customer" as const,
});

const owner = { tenant: idOf<TenantId>("t"), account: "somebody" };

test("a rate that an operator sets for a tenant ends a block by its former rate", async () => {
  const [a] = onBoth(limitsOf);
  const actor = sending();
  setRates.set(actor.tenant, { burst: 2, perSecond: 0.001 });
  for (let index = 0; index < 2; index++) expect(a.take(actor)).toBe(0);
  await until(() => a.take(actor) > 100_000);
  setRates.set(actor.tenant, { burst: 5, perSecond: 1_000 });
  await until(() => a.take(actor) === 0);
});

test("messages sent through one node count on the other, also after a pause", async () => {
  const [a, b] = onBoth(limitsOf);
  const actor = sending();
  for (let index = 0; index < 10; index++) expect(a.take(actor)).toBe(0);
  expect(a.take(actor)).toBeGreaterThan(0);
  // What one interval lets pass on the other node is spent before it hears of the first.
  let passed = 0;
  while (b.take(actor) === 0) {
    passed++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(passed).toBeLessThan(6);
  const waitMs = b.take(actor);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(500 * (passed + 1));
  expect(b.take(sending())).toBe(0);
  while (b.take(actor) > 0) await new Promise((resolve) => setImmediate(resolve));
  a.close();
  b.close();
});

test("a device proof that was used on one node is refused on the other", async () => {
  const [a, b] = onBoth((client) => new SharedUsedProofs(client, new ReplayCache(60_000), 60_000));
  const key = randomUUID();
  await a.use(key, 0, owner);
  await expect(b.use(key, 0, owner)).rejects.toMatchObject({ code: "proof_reused" });
  await expect(a.use(key, 0, owner)).rejects.toMatchObject({ code: "proof_reused" });
  await b.use(randomUUID(), 0, owner);
});

describe("limits of sign-ins and bundles", () => {
  const hashKey = new Secret(new Uint8Array(32).fill(3));
  const rate = { burst: 3, secondsPerFurther: 60 };

  test("count on all nodes together, give back, and tell Redis no address", async () => {
    const [a, b] = onBoth((client) => limiterFactory(client, () => hashKey)("address", rate));
    const address = "203.0.113.7";
    const giveBack = await a.take(address);
    await giveBack();
    await b.take(address);
    await a.take(address);
    await b.take(address);
    await expect(a.take(address)).rejects.toMatchObject({ code: "rate_limited" });
    await expect(b.take(address)).rejects.toMatchObject({ code: "rate_limited" });
    const keys = await nodes[0]?.client.keys("*");
    expect(keys?.join(" ")).toContain("sealdesk:limit:address");
    expect(keys?.join(" ")).not.toContain(address);
  });

  test("refuse while Redis is away, where messages and proofs pass by each node's own, and recover", async () => {
    const limiter = onBoth((client) => limiterFactory(client, () => hashKey)("outage", rate))[0];
    const [messages, elsewhere] = onBoth(limitsOf);
    const proofs = onBoth(
      (client) => new SharedUsedProofs(client, new ReplayCache(60_000), 60_000),
    );
    const actor = sending();
    await redis.kill();
    // Nobody tried too often, so nobody is to wait a minute for an outage of a second.
    await expect(limiter.take("somebody")).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: 2,
    });
    for (let index = 0; index < 10; index++) expect(messages.take(actor)).toBe(0);
    expect(messages.take(actor)).toBeGreaterThan(0);
    for (const node of proofs) await node.use("proof", 0, owner);
    await expect(proofs[0].use("proof", 0, owner)).rejects.toMatchObject({
      code: "proof_reused",
    });
    await redis.restart();
    while (nodes.some(({ client }) => !client.isReady))
      await new Promise((resolve) => setImmediate(resolve));
    await expect(limiter.take("somebody")).resolves.toBeInstanceOf(Function);
    const another = sending();
    for (let index = 0; index < 10; index++) messages.take(another);
    while (elsewhere.take(another) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    messages.close();
    elsewhere.close();
  });
});
