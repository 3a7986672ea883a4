import { RateLimiterMemory } from "rate-limiter-flexible";
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

/** A limit kept in this process's memory; keys are forgotten when they are free again. */
export function createLimiter({ burst, secondsPerFurther }: Rate): Limiter {
  const steady = new RateLimiterMemory({ points: 1, duration: secondsPerFurther });
  const spare = new RateLimiterMemory({
    points: burst - 1,
    duration: secondsPerFurther * (burst - 1),
  });
  return {
    async take(key) {
      for (const limiter of [steady, spare])
        if (await within(limiter, key)) return async () => void (await limiter.reward(key));
      const waitMs = (await steady.get(key))?.msBeforeNext ?? secondsPerFurther * 1000;
      const seconds = Math.max(1, Math.ceil(waitMs / 1000));
      throw new HttpError("rate_limited", `Too many attempts; try again in ${seconds} s.`, {
        retryAfterSeconds: seconds,
      });
    },
  };
}

const within = (limiter: RateLimiterMemory, key: string): Promise<boolean> =>
  limiter.consume(key).then(
    () => true,
    () => false,
  );
