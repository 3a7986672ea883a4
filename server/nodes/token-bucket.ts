import { answerOf, type RedisClient } from "./redis-client.ts";

export interface Bucket {
  /** Most tokens at once. */
  readonly burst: number;
  readonly perSecond: number;
}

export type TakenToken =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Milliseconds until there is a token again. */
      readonly retryAfterMs: number;
    };

// On Redis's own clock, so that nodes whose clocks differ share one bucket. Atomic: a script runs alone.
const TAKE = `
  local now = redis.call('time')
  local nowMs = now[1] * 1000 + now[2] / 1000
  local burst, perMs = tonumber(ARGV[1]), tonumber(ARGV[2]) / 1000
  local held = redis.call('hmget', KEYS[1], 'tokens', 'at')
  local tokens = tonumber(held[1]) or burst
  local atMs = tonumber(held[2]) or nowMs
  tokens = math.min(burst, tokens + math.max(0, nowMs - atMs) * perMs)
  local waitMs = 0
  if tokens >= 1 then tokens = tokens - 1 else waitMs = math.ceil((1 - tokens) / perMs) end
  redis.call('hset', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(nowMs))
  redis.call('pexpire', KEYS[1], math.ceil((burst - tokens) / perMs) + 1000)
  return waitMs`;

/**
 * A token bucket by key that all nodes share. Fails open: while Redis is away or slow, everything is
 * let through, for this limits how much is sent, not what may be guessed.
 */
export class SharedTokenBucket {
  readonly #redis: RedisClient;
  readonly #name: string;

  /** @param name tells buckets apart that use the same keys. */
  constructor(redis: RedisClient, name: string) {
    this.#redis = redis;
    this.#name = name;
  }

  /** Takes one token of `key`, whose bucket is full when it is first asked for. Never rejects. */
  async take(key: string, { burst, perSecond }: Bucket): Promise<TakenToken> {
    if (!this.#redis.isReady) return { ok: true };
    try {
      const waitMs = await answerOf(
        this.#redis.eval(TAKE, {
          keys: [`sealdesk:bucket:${this.#name}:${key}`],
          arguments: [String(burst), String(perSecond)],
        }),
      );
      const retryAfterMs = Number(waitMs);
      return retryAfterMs > 0 ? { ok: false, retryAfterMs } : { ok: true };
    } catch {
      return { ok: true };
    }
  }
}
