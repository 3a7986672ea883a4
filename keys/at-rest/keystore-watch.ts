import type { Uuid } from "../../crypto/wire/uuid.ts";
import { Notifications } from "../../db/notifications.ts";

export interface WatchOptions {
  readonly url: string;
  readonly monotonic: () => number;
  /** Keys of a subject were destroyed. */
  readonly onDestroyed: (tenant: Uuid, subject: Uuid) => void;
  /** Destructions may have been missed. */
  readonly onGap: () => void;
  readonly onLost: (error: unknown) => void;
}

export const KEYSTORE_CHANNEL = "keystore";

/** Asked for a sign of life so often, and believed to hear so long after one, in milliseconds. */
const BEAT_MS = 200;
const HEARS_MS = 900;

/**
 * Hears of destroyed keys. Whoever holds keys in memory asks `hears` before using one: it is false
 * when the connection is lost, and also when it has been silent, as a cable that is cut is silent.
 */
export class KeystoreWatch {
  readonly #monotonic: () => number;
  readonly #notifications: Notifications;
  readonly #life: { heardAtMs: number };
  readonly #beat: NodeJS.Timeout;
  #asking = false;

  private constructor(
    notifications: Notifications,
    monotonic: () => number,
    life: { heardAtMs: number },
  ) {
    this.#notifications = notifications;
    this.#monotonic = monotonic;
    this.#life = life;
    this.#beat = setInterval(() => void this.#ask(), BEAT_MS);
    this.#beat.unref();
  }

  static async open(options: WatchOptions): Promise<KeystoreWatch> {
    const { url, monotonic, onDestroyed, onGap, onLost } = options;
    const life = { heardAtMs: Number.NEGATIVE_INFINITY };
    const notifications = await Notifications.open({
      url,
      channel: KEYSTORE_CHANNEL,
      role: "sealdesk_keystore",
      name: "sealdesk-keystore",
      onPayload: (payload) => {
        const [tenant = "", subject = ""] = payload.split(" ");
        onDestroyed(tenant, subject);
      },
      onListening: () => {
        onGap();
        life.heardAtMs = monotonic();
      },
      onLost: (error) => {
        life.heardAtMs = Number.NEGATIVE_INFINITY;
        onGap();
        onLost(error);
      },
    });
    return new KeystoreWatch(notifications, monotonic, life);
  }

  hears(): boolean {
    return this.#monotonic() - this.#life.heardAtMs < HEARS_MS;
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    await this.#notifications.close();
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const askedAtMs = this.#monotonic();
    try {
      await this.#notifications.notify([]);
      this.#life.heardAtMs = Math.max(this.#life.heardAtMs, askedAtMs);
    } catch {
      // Told by `onLost`; meanwhile nothing is heard.
    } finally {
      this.#asking = false;
    }
  }
}
