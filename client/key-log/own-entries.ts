import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Clock } from "../runtime.ts";
import type { KeyLog } from "./key-log.ts";
import { sortOwnEntries, type FormerKey } from "./sort-own-entries.ts";

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
  /** Told once, when this device looks for the first time. */
  readonly onFormerKey: (former: FormerKey) => void;
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
    } catch {
      this.#dueAtMs = 0;
    }
  }
}
