import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { isProblem } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { PeriodicTask } from "../periodic-task.ts";
import type { Clock } from "../runtime.ts";
import {
  isPublishedOutdated,
  loadPublished,
  publishedDigest,
  publishedPreKeys,
  savePublished,
} from "./published-keys.ts";

/** The number of prekeys of either kind below which more are published. */
const fewPreKeys = 20;
/** The interval between two checks while connected. */
const everyMs = 60 * 60_000;

export interface PreKeyDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly api: Pick<Api, "countPreKeys" | "uploadPreKeys" | "checkPreKeys">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
  /** Learns from the key log whether the relay was restored from a backup. */
  readonly readKeyLog: () => Promise<unknown>;
}

/**
 * Publishes one-time prekeys if few are left, and the signed ones if they were renewed. Repeats an
 * upload that was not answered. Replaces all of them if the relay was restored from a backup.
 * @throws SealdeskError
 */
async function replenishPreKeys(
  { store, suite, api, localClock }: Omit<PreKeyDeps, "readKeyLog">,
  device: DeviceId,
): Promise<void> {
  const left = await api.countPreKeys();
  const replace = await store.read(isPublishedOutdated);
  const fewest = replace ? 0 : Math.min(left.preKeys, left.kyberPreKeys);
  const oneTime = fewest < fewPreKeys ? publishedPreKeys - fewest : 0;
  const { upload, digest, published } = await store.transact(async (transaction) => {
    const made = await suite.createPreKeys(transaction, { oneTime, nowMs: localClock.now() });
    const identity = await suite.createIdentity(transaction, device);
    return {
      upload: made,
      digest: publishedDigest(identity.identityKey, made),
      published: await loadPublished(transaction),
    };
  });
  if (oneTime === 0 && published !== undefined && equalBytes(published, digest)) return;
  await api.uploadPreKeys(upload, replace);
  await store.transact(async (transaction) => savePublished(transaction, digest));
}

/**
 * Asks the relay whether it hands out the keys that this device published.
 * @returns false if it hands out other keys; somebody else may then read messages to this device
 * @throws SealdeskError
 */
async function arePreKeysOurs({ store, api }: PreKeyDeps): Promise<boolean> {
  const published = await store.read(loadPublished);
  if (published === undefined) return true;
  try {
    await api.checkPreKeys(published);
    return true;
  } catch (error) {
    if (isProblem(error, "prekeys_differ")) return false;
    throw error;
  }
}

/** A periodic task that checks this device's prekeys when it connects and then every hour. */
export class PreKeyUpkeep {
  readonly #deps: PreKeyDeps;
  readonly #device: DeviceId;
  readonly #onDiffering: () => void;
  #task: PeriodicTask | undefined;

  constructor(deps: PreKeyDeps, device: DeviceId, onDiffering: () => void) {
    this.#deps = deps;
    this.#device = device;
    this.#onDiffering = onDiffering;
  }

  start(): void {
    this.stop();
    // A new task, so that each connection checks.
    this.#task = new PeriodicTask(this.#deps.localClock, everyMs, () => this.#look());
    this.#task.start();
  }

  stop(): void {
    this.#task?.stop();
  }

  /**
   * Ignores a failure until the next check. Without new prekeys, peers use the last-resort prekey.
   */
  async #look(): Promise<void> {
    try {
      await replenishPreKeys(this.#deps, this.#device);
      if (await arePreKeysOurs(this.#deps)) return;
      if (!(await this.#replaceRestored())) this.#onDiffering();
    } catch {
      return;
    }
  }

  /**
   * Publishes keys again if the relay was restored from a backup and therefore serves former keys.
   * @returns whether it serves this device's keys now
   */
  async #replaceRestored(): Promise<boolean> {
    const { store, readKeyLog } = this.#deps;
    await readKeyLog().catch(() => undefined);
    if (!(await store.read(isPublishedOutdated))) return false;
    await replenishPreKeys(this.#deps, this.#device);
    return arePreKeysOurs(this.#deps);
  }
}
