import { isId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";
import { Notifications } from "../../db/notifications.ts";

export interface WatchOptions {
  readonly url: string;
  readonly monotonic: () => number;
  /** Called when keys of a subject were destroyed. */
  readonly onDestroyed: (tenant: TenantId, subject: UserId) => void;
  /** Called when notifications may have been missed. */
  readonly onGap: () => void;
  readonly onLost: (error: unknown) => void;
}

export const KEYSTORE_CHANNEL = "keystore";

/** Interval of the connection check, and how long one successful check counts, in milliseconds. */
const BEAT_MS = 200;
const HEARS_MS = 900;

/**
 * Receives notifications of destroyed keys. Before you use a key from memory, call `hears`. It
 * returns false when the connection is lost. It also returns false when checks of the connection
 * get no answer, as when a cable is cut.
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
        const [tenant, subject] = payload.split(" ");
        if (isId<TenantId>(tenant) && isId<UserId>(subject)) onDestroyed(tenant, subject);
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
      // `onLost` reports it. `hears` returns false until the connection is back.
    } finally {
      this.#asking = false;
    }
  }
}
