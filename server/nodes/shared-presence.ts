import type { Uuid } from "../../crypto/wire/uuid.ts";
import { answerOf, type RedisClient } from "./redis-client.ts";

/** What a node says of a device that is connected to it. */
export interface DevicePresence {
  readonly user: Uuid;
  readonly device: Uuid;
  readonly state: string;
}

/** By user, the states of their devices that are connected to any node. */
export type PresenceOf = ReadonlyMap<Uuid, readonly string[]>;

// An entry carries its end; the hash goes when nobody renews any of it.
const SET = `
  redis.call('hset', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. (redis.call('time')[1] + ARGV[3]))
  redis.call('expire', KEYS[1], math.max(ARGV[3], redis.call('ttl', KEYS[1])))`;

const READ = `
  local now = tonumber(redis.call('time')[1])
  local all = {}
  for index, key in ipairs(KEYS) do
    local states, entries = {}, redis.call('hgetall', key)
    for entry = 1, #entries, 2 do
      local state, untilS = string.match(entries[entry + 1], '^(.*) (%d+)$')
      if tonumber(untilS) > now then table.insert(states, state)
      else redis.call('hdel', key, entries[entry]) end
    end
    all[index] = states
  end
  return all`;

/**
 * Presence that all nodes share. Ephemeral like presence itself: an entry ends by itself unless its
 * node says it again, so a node that dies leaves nobody online; and while Redis is away nothing is
 * known, which readers take for offline.
 */
export class SharedPresence {
  readonly #redis: RedisClient;
  readonly #holdsSeconds: number;

  /** @param holdsSeconds how long an entry stands; whoever sets it repeats it well before. */
  constructor(redis: RedisClient, holdsSeconds = 60) {
    this.#redis = redis;
    this.#holdsSeconds = holdsSeconds;
  }

  /** Says, or says again, how a connected device is. Never rejects. */
  async set({ user, device, state }: DevicePresence): Promise<void> {
    await this.#quietly(
      this.#redis.eval(SET, {
        keys: [keyOf(user)],
        arguments: [device, state, String(this.#holdsSeconds)],
      }),
    );
  }

  /** The device is connected no more. Never rejects. */
  async remove({ user, device }: Omit<DevicePresence, "state">): Promise<void> {
    await this.#quietly(this.#redis.hDel(keyOf(user), device));
  }

  /** @returns undefined while Redis cannot be asked. */
  async read(users: readonly Uuid[]): Promise<PresenceOf | undefined> {
    if (users.length === 0) return new Map();
    try {
      const answer = await answerOf(
        this.#redis.eval(READ, { keys: users.map(keyOf), arguments: [] }),
      );
      const states = answer as unknown as readonly (readonly string[])[];
      return new Map(users.map((user, index) => [user, states[index] ?? []]));
    } catch {
      return undefined;
    }
  }

  async #quietly(asked: Promise<unknown>): Promise<void> {
    await answerOf(asked).catch(() => undefined);
  }
}

const keyOf = (user: Uuid): string => `sealdesk:presence:${user}`;
