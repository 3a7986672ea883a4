import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { HttpError } from "./http-error.ts";

/** `burst` at once, then one each `secondsPerFurther`. */
export interface Rate {
  readonly burst: number;
  readonly secondsPerFurther: number;
}

export interface Limiter {
  /** @throws HttpError rate_limited; also when the limiter itself fails, so it fails closed. */
  take(key: string): Promise<void>;
}

/** A limit kept in this process's memory; keys are forgotten when they are free again. */
export function createLimiter({ burst, secondsPerFurther }: Rate): Limiter {
  const steady = new RateLimiterMemory({ points: 1, duration: secondsPerFurther });
  const spare = new RateLimiterMemory({
    keyPrefix: "burst",
    points: burst - 1,
    duration: secondsPerFurther * (burst - 1),
  });
  const limiter = new BurstyRateLimiter(steady, spare);
  return {
    async take(key) {
      try {
        await limiter.consume(key);
      } catch (refusal) {
        const waitMs =
          refusal instanceof RateLimiterRes ? refusal.msBeforeNext : secondsPerFurther * 1000;
        const seconds = Math.max(1, Math.ceil(waitMs / 1000));
        throw new HttpError("rate_limited", `Too many attempts; try again in ${seconds} s.`, {
          retryAfterSeconds: seconds,
        });
      }
    },
  };
}
