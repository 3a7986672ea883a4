import { isIPv6 } from "node:net";
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
