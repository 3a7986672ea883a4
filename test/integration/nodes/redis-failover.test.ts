import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { pipeline } from "node:stream/promises";
import { createClient } from "redis";
import { Secret } from "../../../keys/secret.ts";
import { connectRedis } from "../../../server/nodes/redis-client.ts";
import { openRedisTransport } from "../../../server/nodes/redis-transport.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

let old: TestRedis;
let promoted: TestRedis;
/** The port that the name leads to. Connections that exist are not affected by a change. */
let target: number;
let name: Server;
const portOf = ({ url }: TestRedis) => Number(new URL(url).port);

beforeEach(async () => {
  [old, promoted] = await Promise.all([startRedis(), startRedis()]);
  target = portOf(old);
  name = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    pipeline(near, far, near).catch(() => undefined);
  }).listen(0, "127.0.0.1");
  await once(name, "listening");
});
afterEach(async () => {
  await Promise.all([old.kill(), promoted.kill()]);
  name.close();
});

async function demote(redis: TestRedis): Promise<void> {
  const administrator = await createClient({ url: redis.url }).connect();
  await administrator.replicaOf("127.0.0.1", portOf(promoted));
  administrator.destroy();
}

test("a node leaves a Redis that became a replica, and finds the new primary behind the same name", async () => {
  const url = `redis://127.0.0.1:${(name.address() as AddressInfo).port}`;
  const lost: unknown[] = [];
  const redis = await connectRedis(new Secret(url), (error) => lost.push(error));
  const heard: string[] = [];
  let listens = 0;
  const transport = await openRedisTransport(redis, {
    onPayload: (payload) => heard.push(payload),
    onListening: () => listens++,
    onLost: () => undefined,
  });
  // The name still leads to the old primary, which refuses writes and does not end connections.
  await demote(old);
  await until(() => lost.length > 0);
  target = portOf(promoted);
  await until(() =>
    redis.client.set("written", "after").then(
      () => true,
      () => false,
    ),
  );
  const elsewhere = await createClient({ url: promoted.url }).connect();
  expect(await elsewhere.get("written")).toBe("after");
  // The subscription moved as well.
  await until(async () => (await elsewhere.sPublish("sealdesk:hints", "hint")) === 1);
  await until(() => heard.includes("hint"));
  expect(listens).toBeGreaterThan(1);
  // The log tells of one outage once, however long it lasts.
  expect(lost).toHaveLength(1);
  elsewhere.destroy();
  await transport.close();
  await redis.close();
}, 30_000);
