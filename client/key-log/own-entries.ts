import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { isCertified } from "../device/is-certified.ts";
import type { Clock } from "../runtime.ts";
import type { KeyLog } from "./key-log.ts";

/** Something the log says of this account that no device of it has done. */
export interface UnknownEntry {
  readonly device: Uuid;
  readonly change: KeyEntry["change"];
  /** The number of the entry among those of the account. */
  readonly version: number;
}

export interface OwnEntriesDeps {
  readonly store: DeviceStore;
  readonly keyLog: KeyLog;
  readonly account: { readonly user: Uuid; readonly device: Uuid };
  readonly clock: Clock;
  readonly onUnknown: (entry: UnknownEntry) => void;
}

/** While connected, the log is looked into this often. */
const everyMs = 60 * 60_000;

/** Watches what the log says of this account: with the first connection, and every hour of one. */
export class OwnEntries {
  readonly #deps: OwnEntriesDeps;
  #cancel: () => void = () => undefined;
  #dueAtMs = 0;

  constructor(deps: OwnEntriesDeps) {
    this.#deps = deps;
  }

  /** Looks now, unless it has within the hour: not every device that comes back has to ask. */
  start(): void {
    this.stop();
    const { clock } = this.#deps;
    const now = clock.now();
    if (now >= this.#dueAtMs) {
      this.#dueAtMs = now + everyMs;
      void this.#look();
    }
    this.#cancel = clock.after(Math.max(1, this.#dueAtMs - now), () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  /** A failure is left to the next connection; a log that contradicts itself is `KeyLog`'s to report. */
  async #look(): Promise<void> {
    const { keyLog, account, onUnknown } = this.#deps;
    try {
      await keyLog.follow(account.user, async (unseen) => {
        for (const { record, change, version } of await this.#unknown(unseen))
          onUnknown({ device: record.device, change, version });
      });
      await keyLog.compareWaiting();
    } catch {
      this.#dueAtMs = 0;
    }
  }

  /** Only who holds the account key adds devices; and this one is there, whatever was logged. */
  async #unknown(entries: readonly KeyEntry[]): Promise<readonly KeyEntry[]> {
    const { store, account } = this.#deps;
    const { publicKey } = await store.read((each) => loadIdentityKey(each, "account"));
    return entries.filter(({ change, record, certificate }) => {
      if (change === "device_removed" && record.device === account.device) return true;
      return !isCertified({ record, signature: certificate }, publicKey);
    });
  }
}
