import { createHmac } from "node:crypto";
import { isIPv6 } from "node:net";
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from "rate-limiter-flexible";
import type { Secret } from "../../keys/secret.ts";
import { answerOf, type RedisClient } from "../nodes/redis-client.ts";
import { HttpError } from "./http-error.ts";

/** `burst` at once, then one each `secondsPerFurther`. */
export interface Rate {
  readonly burst: number;
  readonly secondsPerFurther: number;
}

export interface Limiter {
  /**
   * Counts one use of `key`. @returns a function that takes the count back.
   * @throws HttpError rate_limited; also when the limiter itself fails, so it fails closed.
   */
  take(key: string): Promise<() => Promise<void>>;
}

/** @param name tells limits apart that use the same keys. */
export type CreateLimiter = (name: string, rate: Rate) => Limiter;

/**
 * Limits shared by all nodes over Redis; without it, each in this process's memory. Keys are
 * forgotten when they are free again. Redis is told keys only as HMACs under `hashKey`: it holds no
 * address and no account name.
 */
export function limiterFactory(
  redis: RedisClient | undefined,
  hashKey: () => Secret<Uint8Array>,
): CreateLimiter {
  const nameOf = (key: string) =>
    createHmac("sha256", hashKey().reveal()).update(`rate limit\0${key}`).digest("base64url");
  return (name, { burst, secondsPerFurther }) => {
    const counter = (kind: string, points: number, duration: number): RateLimiterAbstract =>
      redis === undefined
        ? new RateLimiterMemory({ points, duration })
        : new RateLimiterRedis({
            storeClient: redis,
            useRedisPackage: true,
            keyPrefix: `sealdesk:limit:${name}:${kind}`,
            points,
            duration,
          });
    const limiters = {
      steady: counter("steady", 1, secondsPerFurther),
      spare: counter("spare", burst - 1, secondsPerFurther * (burst - 1)),
    };
    return { take: (key) => take(limiters, nameOf(key), secondsPerFurther) };
  };
}

interface Limiters {
  readonly steady: RateLimiterAbstract;
  readonly spare: RateLimiterAbstract;
}

async function take(
  { steady, spare }: Limiters,
  key: string,
  secondsPerFurther: number,
): Promise<() => Promise<void>> {
  for (const limiter of [steady, spare]) {
    const outcome = await consume(limiter, key);
    if (outcome === "uncounted") throw tooMany(UNCOUNTED_SECONDS);
    if (outcome === "within")
      // A count that cannot be taken back stays; that is on the safe side.
      return () =>
        answerOf(limiter.reward(key)).then(
          () => undefined,
          () => undefined,
        );
  }
  const state = await answerOf(steady.get(key)).catch(() => null);
  const waitMs = state?.msBeforeNext ?? secondsPerFurther * 1000;
  throw tooMany(Math.max(1, Math.ceil(waitMs / 1000)));
}

/**
 * Until Redis may be back. Nobody has tried too often: whoever were told to wait as if they had would
 * be shut out for minutes by an outage of a second.
 */
const UNCOUNTED_SECONDS = 2;

const tooMany = (seconds: number): HttpError =>
  new HttpError("rate_limited", `Too many attempts; try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });

const consume = (
  limiter: RateLimiterAbstract,
  key: string,
): Promise<"within" | "over" | "uncounted"> =>
  answerOf(limiter.consume(key)).then(
    () => "within",
    (reason: unknown) => (reason instanceof RateLimiterRes ? "over" : "uncounted"),
  );

/** What counts as one address: of IPv6 the /64, all of which is one subscriber's. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - groups.length - after.length }, () => "0");
  const whole = tail === undefined ? groups : [...groups, ...zeros, ...after];
  return whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
