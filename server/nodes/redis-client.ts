import type * as Redis from "redis";
import { runPeriodically } from "../../db/run-periodically.ts";
import type { Secret } from "../../keys/secret.ts";

const connectionTo = ({ createClient }: typeof Redis, url: string) =>
  createClient({
    url,
    name: "sealdesk",
    // A command that is issued while Redis is away fails at once. None of them is worth sending
    // later.
    disableOfflineQueue: true,
    pingInterval: 5_000,
    socket: { connectTimeout: 5_000, socketTimeout: 15_000, reconnectStrategy: retryAfterMs },
  });

/** Returns a delay with jitter, at most one second. The client never gives up. */
const retryAfterMs = (retries: number): number =>
  Math.min(1_000, 50 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2);

export type RedisClient = ReturnType<typeof connectionTo>;

/** This node's connection to Redis. */
export interface RedisConnection {
  readonly client: RedisClient;
  /**
   * Another connection of the same kind, which a subscription needs. It is closed with this one.
   */
  open(): RedisClient;
  close(): Promise<void>;
}

const FIRST_ATTEMPT_MS = 2_000;
const ANSWER_MS = 1_000;
const CHECK_MS = 1_000;

const WRITABLE_FOR = { type: "EX", value: 60 } as const;

/** Returns whether Redis refused a command. The connection is then sound. */
const isAnswer = (error: unknown): boolean =>
  error instanceof Error && /^[A-Z]+ /.test(error.message);

/** Returns whether a server refused a write that the primary would take. */
const isOfReplica = (error: unknown): boolean =>
  error instanceof Error && /^(READONLY|MASTERDOWN|LOADING)\b/.test(error.message);

/**
 * Connects to Redis and reconnects whenever the connection is lost. Resolves when the connection is
 * open. If Redis is away, it resolves after two seconds; Sealdesk then runs without Redis, more
 * slowly.
 *
 * After a failover the old primary may go on as a replica and keep its connections. A node that
 * cannot write therefore connects again, because the name may lead to the new primary.
 * @param onLost called once for each outage
 */
export async function connectRedis(
  url: Secret<string>,
  onLost: (error: unknown) => void,
): Promise<RedisConnection> {
  // Imported here so that a server without Redis does not load the package.
  const library = await import("redis");
  const clients: RedisClient[] = [];
  let isLost = false;
  const report = (error: unknown) => {
    if (!isLost) onLost(error);
    isLost = true;
  };
  const connect = () => {
    const client = connectionTo(library, url.reveal());
    client.on("error", report);
    open(client);
    clients.push(client);
    return client;
  };
  const client = connect();
  const check = async () => {
    if (!client.isReady) return;
    try {
      await answerOf(client.set("sealdesk:writable", "", { expiration: WRITABLE_FOR }));
      isLost = false;
    } catch (error) {
      if (isAnswer(error) && !isOfReplica(error)) isLost = false;
      if (!isOfReplica(error)) return;
      report(error);
      // Those that are not ready connect again anyway.
      for (const each of clients.filter(({ isReady }) => isReady)) {
        each.destroy();
        open(each);
      }
    }
  };
  await readyWithin(client, FIRST_ATTEMPT_MS);
  // The client itself does not report a server that accepts the connection and says nothing.
  if (!client.isReady) report(new Error("Redis gave no answer in time."));
  const leaveChecking = runPeriodically(check, CHECK_MS, report);
  return {
    client,
    open: connect,
    async close() {
      await leaveChecking();
      for (const each of clients) each.destroy();
    },
  };
}

/** Connecting rejects only when the client is closed before it was connected. */
const open = (client: RedisClient): void => void client.connect().catch(() => undefined);

/** Resolves when the client is ready or when the time is over. */
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

/** Resolves with Redis's answer. Rejects when there is none within a second. */
export async function answerOf<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("Redis did not answer in time")), ANSWER_MS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
