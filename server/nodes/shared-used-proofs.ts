import { createHash } from "node:crypto";
import type { Holder } from "../../policies/fair-shares.ts";
import { proofReused, type UsedProofs } from "../../identity/tokens/replay-cache.ts";
import { answerOf, type RedisClient } from "./redis-client.ts";

/**
 * Remembers device proofs that were used on any node. It asks this node's own memory first, which
 * bounds what one tenant and one account may occupy, and then Redis. While Redis is away, a proof can be used once
 * on each node. An attacker who replays it must also hold the token, and has one minute.
 */
export class SharedUsedProofs implements UsedProofs {
  readonly #redis: RedisClient;
  readonly #local: UsedProofs;
  readonly #windowMs: number;

  constructor(redis: RedisClient, local: UsedProofs, windowMs: number) {
    this.#redis = redis;
    this.#local = local;
    this.#windowMs = windowMs;
  }

  async use(key: string, nowMs: number, owner: Holder): Promise<void> {
    await this.#local.use(key, nowMs, owner);
    if (!this.#redis.isReady) return;
    const name = `sealdesk:proof:${createHash("sha256").update(key).digest("base64url")}`;
    const set = this.#redis.set(name, "", {
      condition: "NX",
      expiration: { type: "PX", value: this.#windowMs },
    });
    if ((await answerOf(set).catch(() => "away")) === null) throw proofReused();
  }
}
