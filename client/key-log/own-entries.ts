import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Clock } from "../runtime.ts";
import type { KeyLog } from "./key-log.ts";
import { sortOwnEntries, type FormerKey } from "./sort-own-entries.ts";

/** An entry about this account that none of its devices made. */
export interface UnknownEntry {
  readonly device: DeviceId;
  readonly change: KeyEntry["change"];
  /** The version of the entry in the account's history. */
  readonly version: number;
}

export interface OwnEntriesDeps {
  readonly store: DeviceStore;
  readonly keyLog: KeyLog;
  readonly account: { readonly user: UserId; readonly device: DeviceId };
  readonly clock: Clock;
  readonly onUnknown: (entry: UnknownEntry) => void;
  /** Reported once, when this device looks for the first time. */
  readonly onFormerKey: (former: FormerKey) => void;
}

/** The time between two reads of the log by a connected device. */
const everyMs = 60 * 60_000;

/** Watches what the log says about this account: at the first connection, then once an hour. */
export class OwnEntries {
  readonly #deps: OwnEntriesDeps;
  #cancel: () => void = () => undefined;
  #dueAtMs = 0;

  constructor(deps: OwnEntriesDeps) {
    this.#deps = deps;
  }

  /**
   * Reads the log now, unless it did so within the last hour. A device need not ask at every
   * reconnect.
   */
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

  /**
   * After a failure the next connection tries again. `KeyLog` reports a log that contradicts
   * itself.
   */
  async #look(): Promise<void> {
    const { store, keyLog, account, onUnknown, onFormerKey } = this.#deps;
    try {
      await keyLog.follow(account.user, async (unseen) => {
        const { publicKey } = await store.read((each) => loadIdentityKey(each, "account"));
        const { former, unknown } = sortOwnEntries(unseen, account.device, publicKey);
        if (former !== undefined) onFormerKey(former);
        for (const { record, change, version } of unknown)
          onUnknown({ device: record.device, change, version });
      });
      await keyLog.compareWaiting();
      await keyLog.tellRestored();
    } catch {
      this.#dueAtMs = 0;
    }
  }
}
