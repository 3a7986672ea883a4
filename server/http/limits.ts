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
      // A count that could not be taken back stays. That errs on the safe side.
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
 * Wait only until Redis may be back. The client has not tried too often; the usual waiting time
 * would turn an outage of one second into a lock-out of minutes.
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
