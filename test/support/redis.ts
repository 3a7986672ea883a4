import {
  isRedisInstalled,
  startRedisServer,
  type RedisServer,
} from "../../tools/testkit/redis-server.ts";
import { ensureInstalled } from "./debian-packages.ts";

export type TestRedis = RedisServer;

/** Debian's redis-server; where it may be, it is installed first. */
export async function startRedis(): Promise<TestRedis> {
  ensureInstalled(isRedisInstalled, ["redis-server"]);
  return startRedisServer();
}
