import { randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { limiterFactory } from "../../../server/http/limits.ts";
import { connectRedis, type RedisConnection } from "../../../server/nodes/redis-client.ts";
import { SharedPresence } from "../../../server/nodes/shared-presence.ts";
import { SharedTokenBucket } from "../../../server/nodes/token-bucket.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";

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

test("a token bucket is one for all nodes, also when they ask at once, and fills again", async () => {
  const [a, b] = onBoth((client) => new SharedTokenBucket(client, "messages"));
  const key = randomUUID();
  const bucket = { burst: 10, perSecond: 2 };
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? a : b).take(key, bucket)),
  );
  expect(answers.filter(({ ok }) => ok)).toHaveLength(10);
  const refused = await b.take(key, bucket);
  expect(refused).toEqual({ ok: false, retryAfterMs: expect.any(Number) });
  expect(refused.ok || refused.retryAfterMs).toBeLessThanOrEqual(500);
  expect(await a.take(randomUUID(), bucket)).toEqual({ ok: true });
  while (!(await a.take(key, bucket)).ok);
  expect((await b.take(key, bucket)).ok).toBe(false);
});

test("presence set on one node is read on the other, and ends by itself", async () => {
  const [a, b] = onBoth((client) => new SharedPresence(client, 1));
  const [user, other, phone, laptop] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await a.set({ user, device: phone, state: "online" });
  await b.set({ user, device: laptop, state: "idle" });
  const read = async () => (await b.read([user, other]))?.get(user)?.toSorted();
  expect(await read()).toEqual(["idle", "online"]);
  expect(await b.read([other])).toEqual(new Map([[other, []]]));
  await b.remove({ user, device: laptop });
  expect(await read()).toEqual(["online"]);
  while ((await read())?.length !== 0);
});

describe("limits of sign-ins and bundles", () => {
  const key = new Secret(new Uint8Array(32).fill(3));
  const rate = { burst: 3, secondsPerFurther: 60 };

  test("count on all nodes together, give back, and tell Redis no address", async () => {
    const [a, b] = onBoth((client) => limiterFactory(client, key)("address", rate));
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

  test("refuse while Redis is away, where buckets and presence let pass, and recover", async () => {
    const limiter = onBoth((client) => limiterFactory(client, key)("outage", rate))[0];
    const bucket = onBoth((client) => new SharedTokenBucket(client, "outage"))[0];
    const presence = onBoth((client) => new SharedPresence(client))[0];
    const user = randomUUID();
    await redis.kill();
    // Nobody tried too often, so nobody is to wait a minute for an outage of a second.
    await expect(limiter.take("somebody")).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: 2,
    });
    expect(await bucket.take("somebody", { burst: 1, perSecond: 1 })).toEqual({ ok: true });
    await presence.set({ user, device: randomUUID(), state: "online" });
    expect(await presence.read([user])).toBeUndefined();
    await redis.restart();
    while ((await presence.read([user])) === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    await expect(limiter.take("somebody")).resolves.toBeInstanceOf(Function);
  });
});
