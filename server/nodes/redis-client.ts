import type * as Redis from "redis";
import type { Secret } from "../../keys/secret.ts";

const connectionTo = ({ createClient }: typeof Redis, url: string) =>
  createClient({
    url,
    name: "sealdesk",
    // What is asked while Redis is away fails at once; nothing of ours is worth asking later.
    disableOfflineQueue: true,
    pingInterval: 5_000,
    socket: { connectTimeout: 5_000, socketTimeout: 15_000, reconnectStrategy: retryAfterMs },
  });

/** Jittered, at most a second; it never gives up. */
const retryAfterMs = (retries: number): number =>
  Math.min(1_000, 50 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2);

export type RedisClient = ReturnType<typeof connectionTo>;

/** This node's way to Redis. */
export interface RedisConnection {
  readonly client: RedisClient;
  /** A further connection of the same kind, as a subscription needs; closed with this one. */
  open(): RedisClient;
  close(): Promise<void>;
}

const FIRST_ATTEMPT_MS = 2_000;
const ANSWER_MS = 1_000;

/**
 * Connects to Redis and stays connected, whatever happens to it. Resolves when the connection
 * stands or, with Redis away, after two seconds: Sealdesk runs without, slower.
 */
export async function connectRedis(
  url: Secret<string>,
  onLost: (error: unknown) => void,
): Promise<RedisConnection> {
  // Only here: a server without Redis does not load it.
  const library = await import("redis");
  const clients: RedisClient[] = [];
  const open = (): RedisClient => {
    const client = connectionTo(library, url.reveal());
    let wasReady = true;
    client.on("ready", () => (wasReady = true));
    client.on("error", (error) => {
      // Said once, not at every attempt.
      if (wasReady) onLost(error);
      wasReady = false;
    });
    // Rejects only when it is closed before it stood.
    client.connect().catch(() => undefined);
    clients.push(client);
    return client;
  };
  const client = open();
  await readyWithin(client, FIRST_ATTEMPT_MS);
  return {
    client,
    open,
    async close() {
      for (const each of clients) each.destroy();
    },
  };
}

/** Resolves when the client is ready, or when the time is over. */
export function readyWithin(client: RedisClient, ms: number): Promise<void> {
  if (client.isReady) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      client.off("ready", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    client.on("ready", done);
  });
}

/** Redis's answer, or a rejection when there is none within a second. */
export async function answerOf<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("Redis did not answer in time")), ANSWER_MS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
