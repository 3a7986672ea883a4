import { message, uint } from "../../crypto/wire/protobuf.ts";
import type { Limits } from "../../crypto/wire/frame.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const name = "client!limits";
const record = message({
  keyMaxMessages: [1, uint()],
  longestRevisionMs: [2, uint()],
  revisionMs: [3, uint()],
});
/** The highest limit of a key that a tenant can set. */
const most = 10_000;

type Told = Pick<Limits, "keyMaxMessages" | "revisionMs">;

/**
 * The tenant's limits that devices keep to, according to the relay. For what arrives, they are the highest that this
 * device was told: messages from before the tenant lowered one still count.
 */
export class ToldLimits {
  readonly #store: DeviceStore;
  #limits: Told & { readonly longestRevisionMs: number };

  private constructor(store: DeviceStore, limits: ToldLimits["limits"]) {
    this.#store = store;
    this.#limits = limits;
  }

  static async load(store: DeviceStore): Promise<ToldLimits> {
    const stored = await store.read((transaction) => transaction.get(name));
    const none = { keyMaxMessages: 0, longestRevisionMs: 0, revisionMs: 0 };
    return new ToldLimits(store, stored === undefined ? none : decodeRecord(record, stored));
  }

  /** The number of messages that a sending key may serve. Undefined before the first connection. */
  get keyMaxMessages(): number | undefined {
    const { keyMaxMessages } = this.#limits;
    return keyMaxMessages === 0 ? undefined : keyMaxMessages;
  }

  /**
   * For how long after a message its author may revise it, in milliseconds; 0 for never. `revisionMs` is the present
   * limit.
   */
  get limits(): Told & { readonly longestRevisionMs: number } {
    return this.#limits;
  }

  /** Call it at each connection, with the relay's limits. */
  async told({ keyMaxMessages, revisionMs }: Told): Promise<void> {
    const before = this.#limits;
    const after = {
      keyMaxMessages: Math.max(before.keyMaxMessages, Math.min(keyMaxMessages, most)),
      longestRevisionMs: Math.max(before.longestRevisionMs, revisionMs),
      revisionMs,
    };
    this.#limits = after;
    const isSame = Object.entries(after).every(
      ([limit, value]) => before[limit as keyof typeof before] === value,
    );
    if (isSame) return;
    const stored = encodeRecord(record, after);
    await this.#store.transact(async (transaction) => transaction.put(name, stored));
  }
}
