import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { BucketRate } from "../../policies/token-bucket.ts";
import { answerOf, type RedisClient } from "./redis-client.ts";

// Uses Redis's own clock, so that nodes with different clocks share one bucket. Redis runs a script
// atomically. A message that was sent cannot be taken back, so a bucket may be overdrawn once by
// its size.
const SPEND = `
  local now = redis.call('time')
  local nowMs = now[1] * 1000 + now[2] / 1000
  local waits = {}
  for index, key in ipairs(KEYS) do
    local burst, perMs = tonumber(ARGV[3 * index - 2]), tonumber(ARGV[3 * index - 1]) / 1000
    local held = redis.call('hmget', key, 'tokens', 'at')
    local tokens = tonumber(held[1]) or burst
    local atMs = tonumber(held[2]) or nowMs
    tokens = math.min(burst, tokens + math.max(0, nowMs - atMs) * perMs)
    tokens = math.max(-burst, tokens - tonumber(ARGV[3 * index]))
    redis.call('hset', key, 'tokens', tostring(tokens), 'at', tostring(nowMs))
    redis.call('pexpire', key, math.ceil((burst - tokens) / perMs) + 1000)
    waits[index] = math.ceil(math.max(0, 1 - tokens) / perMs)
  end
  return waits`;

/** What is limited. Each has buckets of its own. */
const limitNames = ["messages", "conversations"] as const;
export type LimitName = (typeof limitNames)[number];

const keyOf = (name: LimitName, owner: Uuid): string => `sealdesk:${name}:${owner}`;

/** The messages of one owner that were not reported yet. */
export interface Spent {
  readonly rate: BucketRate;
  messages: number;
}

/**
 * Takes messages from the buckets that all nodes share.
 * @param name separates limits of the same owners
 * @returns for each owner, the milliseconds until its bucket has room again; 0 if it has
 * @throws Error if Redis does not answer in time
 */
export async function spendShared(
  redis: RedisClient,
  name: LimitName,
  spent: readonly (readonly [owner: Uuid, spent: Spent])[],
): Promise<readonly number[]> {
  const answer = await answerOf(
    redis.eval(SPEND, {
      keys: spent.map(([owner]) => keyOf(name, owner)),
      arguments: spent.flatMap(([, { rate, messages }]) =>
        [rate.burst, rate.perSecond, messages].map(String),
      ),
    }),
  );
  return answer as unknown as readonly number[];
}

/**
 * Removes the buckets of accounts and devices.
 * @throws Error if Redis does not answer in time
 */
export const forgetSpent = async (redis: RedisClient, owners: readonly Uuid[]): Promise<void> =>
  void (await answerOf(
    redis.del(limitNames.flatMap((name) => owners.map((owner) => keyOf(name, owner)))),
  ));
