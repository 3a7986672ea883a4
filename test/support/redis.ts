import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  isRedisInstalled,
  startRedisServer,
  type RedisServer,
} from "../../tools/testkit/redis-server.ts";

export type TestRedis = RedisServer;

/** Debian's redis-server; where it may be, it is installed first. */
export async function startRedis(): Promise<TestRedis> {
  ensureInstalled();
  return startRedisServer();
}

function ensureInstalled(): void {
  if (isRedisInstalled()) return;
  const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (mayInstall) {
    spawnSync("apt-get", ["update", "-qq"], { env });
    spawnSync("apt-get", ["install", "-y", "-qq", "redis-server"], { env });
  }
  if (!isRedisInstalled()) throw new Error("apt-get install redis-server");
}
