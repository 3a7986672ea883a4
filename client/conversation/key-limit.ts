import { message, uint } from "../../crypto/wire/protobuf.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const name = "client!key-limit";
const record = message({ keyMaxMessages: [1, uint()] });
/** The highest limit that a tenant can set. */
const most = 10_000;

/**
 * The number of messages that a sending key of the tenant may serve, according to the relay. It is
 * the highest number that this device was told: messages from before the tenant lowered it still
 * open.
 */
export class KeyLimit {
  readonly #store: DeviceStore;
  #keyMaxMessages: number;

  private constructor(store: DeviceStore, keyMaxMessages: number) {
    this.#store = store;
    this.#keyMaxMessages = keyMaxMessages;
  }

  static async load(store: DeviceStore): Promise<KeyLimit> {
    const stored = await store.read((transaction) => transaction.get(name));
    const { keyMaxMessages } =
      stored === undefined ? { keyMaxMessages: 0 } : decodeRecord(record, stored);
    return new KeyLimit(store, keyMaxMessages);
  }

  /** Undefined before the first connection. */
  get keyMaxMessages(): number | undefined {
    return this.#keyMaxMessages === 0 ? undefined : this.#keyMaxMessages;
  }

  /** Call it at each connection, with the relay's limit. */
  async told(keyMaxMessages: number): Promise<void> {
    const told = Math.min(keyMaxMessages, most);
    if (told <= this.#keyMaxMessages) return;
    this.#keyMaxMessages = told;
    const stored = encodeRecord(record, { keyMaxMessages: told });
    await this.#store.transact(async (transaction) => transaction.put(name, stored));
  }
}
