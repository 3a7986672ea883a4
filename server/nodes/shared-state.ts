import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Secret } from "../../keys/secret.ts";
import type { ServerKeys } from "../../keys/server-keys/server-keys.ts";
import { PROOF_MEMORY_MS } from "../../identity/tokens/device-proof.ts";
import { ReplayCache, type UsedProofs } from "../../identity/tokens/replay-cache.ts";
import type { Closers } from "../closers.ts";
import { limiterFactory, type CreateLimiter } from "../http/rate-limiter.ts";
import type { MessageLimits, RatesOf } from "../socket/message-limits.ts";
import type { HintListener, Hints } from "./hints.ts";
import { openHints, type OpenHintsOptions } from "./open-hints.ts";
import { connectRedis } from "./redis-client.ts";
import { createMessageLimits } from "./shared-message-limits.ts";
import { forgetSpent, type LimitName } from "./spend-shared.ts";
import { SharedUsedProofs } from "./shared-used-proofs.ts";

interface Deps {
  readonly redisUrl: Secret<string> | undefined;
  readonly keys: Pick<ServerKeys, "blindIndexKey" | "blindIndexKeys">;
  readonly onLost: (service: string) => (error: unknown) => void;
}

/** The state that this node shares with other nodes. Without Redis, it shares only hints. */
export interface SharedState {
  /** Creates a memory of used device proofs. */
  usedProofs(): UsedProofs;
  /** @param name separates limits of the same owners */
  messageLimits(name: LimitName, ratesOf: RatesOf): MessageLimits;
  readonly createLimiter: CreateLimiter;
  /**
   * Removes what is stored about accounts and devices.
   * @throws Error if Redis does not answer
   */
  readonly forget: (owners: readonly Uuid[]) => Promise<void>;
  openHints(
    options: Pick<OpenHintsOptions, "node" | "flushMs" | "databaseUrl" | "onLag">,
    listener: HintListener,
  ): Promise<Hints>;
}

/** Connects to Redis if it is configured. */
export async function openSharedState(
  { redisUrl, keys, onLost }: Deps,
  closers: Closers,
): Promise<SharedState> {
  const redis = redisUrl && (await connectRedis(redisUrl, onLost("redis")));
  if (redis !== undefined) closers.add(() => redis.close());
  return {
    usedProofs() {
      const here = new ReplayCache(PROOF_MEMORY_MS);
      return redis === undefined ? here : new SharedUsedProofs(redis.client, here, PROOF_MEMORY_MS);
    },
    messageLimits: (name, ratesOf) => createMessageLimits(name, ratesOf, redis?.client, closers),
    async forget(owners) {
      if (redis !== undefined) await forgetSpent(redis.client, owners);
    },
    createLimiter: limiterFactory(redis?.client, () => keys.blindIndexKey),
    openHints: (options, listener) =>
      openHints(
        { ...options, redis, keys: () => keys.blindIndexKeys, onLost: onLost("hints") },
        listener,
      ),
  };
}
