import { Notifications } from "../../db/notifications.ts";
import type { Secret } from "../../keys/secret.ts";
import { BatchedHints } from "./batched-hints.ts";
import { hintSeal } from "./hint-seal.ts";
import type { HintListener, Hints } from "./hints.ts";
import type { RedisConnection } from "./redis-client.ts";
import { openRedisTransport } from "./redis-transport.ts";

export interface OpenHintsOptions {
  readonly node: string;
  readonly flushMs: number;
  readonly databaseUrl: string;
  /** Undefined when there is no Redis. Hints then travel over the database. */
  readonly redis: RedisConnection | undefined;
  /** Keys that all nodes have, the newest first. */
  readonly keys: () => readonly Secret<Uint8Array>[];
  readonly onLost: (error: unknown) => void;
  readonly onLag?: ((ms: number) => void) | undefined;
}

const CHANNEL = "sealdesk_hints";

/** Opens hints over Redis if it is configured, otherwise over PostgreSQL's LISTEN and NOTIFY. */
export function openHints(options: OpenHintsOptions, listener: HintListener): Promise<Hints> {
  const { node, flushMs, databaseUrl, redis, keys, onLost, onLag } = options;
  return BatchedHints.open({
    node,
    seal: hintSeal(keys),
    flushMs,
    listener,
    onLost,
    onLag,
    async open(events) {
      if (redis !== undefined) return openRedisTransport(redis, events);
      const notifications = await Notifications.open({
        ...events,
        url: databaseUrl,
        channel: CHANNEL,
      });
      return {
        send: (payloads) => notifications.notify(payloads),
        close: () => notifications.close(),
      };
    },
  });
}
