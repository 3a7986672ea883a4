import { configureSession } from "./configure-session.ts";
import { createSession, type Session } from "./session.ts";

interface NotificationsOptions {
  readonly url: string;
  /** An SQL identifier that needs no quotes. */
  readonly channel: string;
  /** The role of the session; the application's by default. */
  readonly role?: string;
  /** The connection's name in PostgreSQL (`application_name`). */
  readonly name?: string;
  readonly onPayload: (payload: string) => void;
  /** Listening has started or restarted. Notifications that were sent in between were missed. */
  readonly onListening: () => void;
  /** The connection was lost or could not be made. Another attempt follows. */
  readonly onLost: (error: unknown) => void;
}

const ANSWER_MS = 5_000;
const CHECK_MS = 10_000;
const RETRY_MS = { first: 50, most: 2_000 };

/**
 * LISTEN and NOTIFY on a connection of its own, which is replaced when it is lost. Nothing is kept while
 * there is no connection: notifications are hints and may be lost.
 */
export class Notifications {
  readonly #options: NotificationsOptions;
  #client: Session | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;
  readonly #check: NodeJS.Timeout;

  private constructor(options: NotificationsOptions) {
    this.#options = options;
    // A connection that died silently is noticed only when it is used, so it is used regularly.
    this.#check = setInterval(() => void this.notify([]).catch(() => undefined), CHECK_MS);
    this.#check.unref();
  }

  /** Resolves after the first attempt to connect, whether or not it succeeded. */
  static async open(options: NotificationsOptions): Promise<Notifications> {
    const notifications = new Notifications(options);
    await notifications.#connect();
    return notifications;
  }

  /**
   * Sends payloads of less than 8,000 bytes each, in one transaction.
   * @throws Error if there is no connection, or it fails
   */
  async notify(payloads: readonly string[]): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error("there is no connection for notifications");
    try {
      await client.query("select pg_notify($1, payload) from unnest($2::text[]) as payload", [
        this.#options.channel,
        payloads,
      ]);
    } catch (error) {
      this.#lost(client, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#check);
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { url, channel, role = "sealdesk_app", name = "sealdesk-hints" } = this.#options;
    const { onPayload, onListening } = this.#options;
    const client = createSession(url, {
      name,
      connectMs: ANSWER_MS,
      answerMs: ANSWER_MS,
      keepAlive: true,
    });
    client.on("error", (error) => this.#lost(client, error));
    client.on("end", () => this.#lost(client, new Error("the connection was closed")));
    client.on("notification", ({ payload }) => onPayload(payload ?? ""));
    this.#client = client;
    try {
      await client.connect();
      // A crash loses notifications anyway, so none waits for the disk or makes others wait.
      await configureSession(client, { role, synchronous_commit: "off" });
      await client.query(`listen ${channel}`);
    } catch (error) {
      this.#lost(client, error);
      return;
    }
    this.#failures = 0;
    if (!this.#closed) onListening();
  }

  #lost(client: Session, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    if (this.#closed) return;
    // Reported once, not at every attempt.
    if (this.#failures === 0) this.#options.onLost(error);
    const waitMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** this.#failures++);
    this.#retry = setTimeout(() => void this.#connect(), waitMs * (0.5 + Math.random() / 2));
  }
}
