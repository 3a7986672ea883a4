import { createHmac } from "node:crypto";
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from "rate-limiter-flexible";
import type { Secret } from "../../keys/secret.ts";
import { answerOf, type RedisClient } from "../nodes/redis-client.ts";
import { HttpError } from "./http-error.ts";

/** Allows `burst` uses at once, then one more every `secondsPerFurther` seconds. */
export interface Rate {
  readonly burst: number;
  readonly secondsPerFurther: number;
}

export interface Limiter {
  /**
   * Counts one use of `key`.
   * @returns a function that takes the count back
   * @throws HttpError rate_limited, also when the limiter itself fails: it fails closed
   */
  take(key: string): Promise<() => Promise<void>>;
}

/** @param name separates limits that use the same keys */
export type CreateLimiter = (name: string, rate: Rate) => Limiter;

/**
 * Creates limits that all nodes share over Redis. Without Redis, each process keeps its own in
 * memory. A key is forgotten when its bucket is full again. Redis receives keys only as HMACs under
 * `hashKey`, so it holds no address and no account name.
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
    const spare = burst - 1;
    const counters = [
      counter("steady", 1, secondsPerFurther),
      ...(spare === 0 ? [] : [counter("spare", spare, secondsPerFurther * spare)]),
    ];
    return { take: (key) => take(counters, nameOf(key), secondsPerFurther) };
  };
}

async function take(
  counters: readonly RateLimiterAbstract[],
  key: string,
  secondsPerFurther: number,
): Promise<() => Promise<void>> {
  for (const counter of counters) {
    const outcome = await consume(counter, key);
    if (outcome === "uncounted") throw tooMany(UNCOUNTED_SECONDS);
    // Leaves a count that cannot be taken back. That errs on the safe side.
    const takeBack = () =>
      answerOf(counter.reward(key)).then(
        () => undefined,
        () => undefined,
      );
    if (outcome === "within") return takeBack;
    // The counter also counts refused acts, so a refused act is taken back.
    await takeBack();
  }
  const state = await answerOf(counters[0]?.get(key) ?? Promise.resolve(null)).catch(() => null);
  const waitMs = state?.msBeforeNext ?? secondsPerFurther * 1000;
  throw tooMany(Math.max(1, Math.ceil(waitMs / 1000)));
}

/**
 * Wait only until Redis may be back. The client has not tried too often; the usual waiting time
 * would turn an outage of one second into a lock-out of minutes.
 */
const UNCOUNTED_SECONDS = 2;

export const tooMany = (seconds: number): HttpError =>
  new HttpError("rate_limited", `Too many attempts; try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });

const consume = (
  counter: RateLimiterAbstract,
  key: string,
): Promise<"within" | "over" | "uncounted"> =>
  answerOf(counter.consume(key)).then(
    () => "within",
    (reason: unknown) => (reason instanceof RateLimiterRes ? "over" : "uncounted"),
  );
