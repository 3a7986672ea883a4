import { publishedKeysBytes } from "../../crypto/wire/signed-records.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import type { Clock } from "../runtime.ts";
import { publishedPreKeys } from "./enrol.ts";

/** Below so many of either kind, more are published. */
const fewPreKeys = 20;
/** While connected, prekeys are looked after this often. */
const everyMs = 60 * 60_000;

export interface PreKeyDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly api: Pick<Api, "countPreKeys" | "uploadPreKeys" | "checkPreKeys">;
  readonly clock: Clock;
}

/** Publishes one-time prekeys when few are left. @throws SealdeskError */
async function replenishPreKeys({ store, suite, api, clock }: PreKeyDeps): Promise<void> {
  const left = await api.countPreKeys();
  const fewest = Math.min(left.preKeys, left.kyberPreKeys);
  if (fewest >= fewPreKeys) return;
  const request = { oneTime: publishedPreKeys - fewest, now: clock.now() };
  const upload = await store.transact((transaction) => suite.createPreKeys(transaction, request));
  await api.uploadPreKeys(upload);
}

/**
 * Asks the relay whether it hands out the keys that this device published.
 * @returns false when it serves others: what is sent to this device may be read by somebody else
 * @throws SealdeskError
 */
async function arePreKeysOurs(
  { store, suite, api, clock }: PreKeyDeps,
  device: Uuid,
): Promise<boolean> {
  const now = clock.now();
  const keys = await store.transact(async (transaction) => ({
    ...(await suite.createIdentity(transaction, device)),
    ...(await suite.createPreKeys(transaction, { oneTime: 0, now })),
  }));
  try {
    await api.checkPreKeys(sha256(publishedKeysBytes(keys)));
    return true;
  } catch (error) {
    if (error instanceof SealdeskError && error.problem === "prekeys_differ") return false;
    throw error;
  }
}

/** Looks after this device's prekeys while it is connected: at once, and every hour. */
export class PreKeyUpkeep {
  readonly #deps: PreKeyDeps;
  readonly #device: Uuid;
  readonly #onDiffering: () => void;
  #cancel: () => void = () => undefined;

  constructor(deps: PreKeyDeps, device: Uuid, onDiffering: () => void) {
    this.#deps = deps;
    this.#device = device;
    this.#onDiffering = onDiffering;
  }

  start(): void {
    this.stop();
    this.#cancel = this.#deps.clock.after(everyMs, () => this.start());
    void this.#look();
  }

  stop(): void {
    this.#cancel();
  }

  /** A failure is left to the next time: without new prekeys the last-resort one still serves. */
  async #look(): Promise<void> {
    try {
      await replenishPreKeys(this.#deps);
      if (!(await arePreKeysOurs(this.#deps, this.#device))) this.#onDiffering();
    } catch {
      return;
    }
  }
}
