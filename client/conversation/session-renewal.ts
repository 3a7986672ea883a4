import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { StaleSession } from "../../crypto/device/suite.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { sleep, type Clock } from "../runtime.ts";
import { establishSession, type EstablishDeps } from "./sessions.ts";

/** The number of bundles that are fetched at the same time. */
const atOnce = 8;
/** The time for which a message waits for the renewal of all sessions that it needs. */
const longestWaitMs = 5_000;
/**
 * The time after a failed renewal for which messages go out in the old session. The relay gives one
 * device a bundle of another every ten minutes.
 */
const retryMs = 15 * 60_000;
/** The time after the first failure after which the user is told. A server may be down for as long. */
const toldAfterMs = 24 * 3_600_000;

/** A session that a person should know about. */
export interface OverdueSession extends StaleSession {
  /**
   * `no_bundle`: the server gave no bundle that can be used, for a day. `other_identity`: it gave a bundle
   * of an identity that is not the device's.
   */
  readonly reason: "no_bundle" | "other_identity";
}

export interface SessionRenewalDeps extends EstablishDeps {
  /** A session was not renewed for a day, or the relay gave a bundle of another identity. */
  readonly onOverdue: (session: OverdueSession) => void;
}

/**
 * Renews the sessions of all conversations in which no fresh exchange took place for too long. A
 * failure delays no message for long: the old session goes on, and the user is told if it lasts.
 */
export class SessionRenewal {
  readonly #deps: SessionRenewalDeps;
  readonly #localClock: Clock;
  readonly #running = new Map<DeviceId, Promise<boolean>>();
  readonly #untilMs = new Map<DeviceId, number>();
  readonly #told = new Map<DeviceId, Set<OverdueSession["reason"]>>();

  constructor(deps: SessionRenewalDeps) {
    this.#deps = deps;
    this.#localClock = deps.localClock;
  }

  /** Returns the devices to which keys go out in an old session for now. */
  get postponed(): readonly DeviceId[] {
    const nowMs = this.#localClock.now();
    return [...this.#untilMs].flatMap(([device, untilMs]) => (nowMs < untilMs ? [device] : []));
  }

  /**
   * Renews the sessions with `devices`, several at a time, and returns after five seconds at the latest.
   * All that were not renewed until then are in `postponed` for the same time. It throws only what the
   * store throws.
   */
  async renew(devices: readonly DeviceId[]): Promise<void> {
    const left = new Set(devices);
    const queue = [...left];
    const work = async () => {
      for (let device = queue.shift(); device !== undefined; device = queue.shift())
        if (await this.#share(device)) left.delete(device);
    };
    const finished = new AbortController();
    try {
      const all = Promise.all(Array.from({ length: atOnce }, work));
      await Promise.race([all, sleep(this.#localClock, longestWaitMs, finished.signal)]);
    } finally {
      queue.length = 0;
      finished.abort();
    }
    if (left.size > 0) await this.#postpone([...left]);
  }

  /** Renews one session. Several conversations may ask for it at the same time. */
  #share(device: DeviceId): Promise<boolean> {
    let running = this.#running.get(device);
    if (running === undefined) {
      running = this.#renew(device).finally(() => this.#running.delete(device));
      this.#running.set(device, running);
    }
    return running;
  }

  /** Returns whether the session is fresh now. */
  async #renew(device: DeviceId): Promise<boolean> {
    const { store, suite } = this.#deps;
    const nowMs = this.#localClock.now();
    const [stale] = await store.transact((tx) => suite.staleSessions(tx, [device], nowMs));
    if (stale === undefined) return true;
    try {
      await establishSession(this.#deps, device);
      this.#untilMs.delete(device);
      this.#told.delete(device);
      return true;
    } catch (error) {
      const code = codeOf(error, "SuiteError");
      if (!(error instanceof SealdeskError) && code === undefined) throw error;
      // No honest relay gives the bundle of another identity.
      if (code === "untrusted_identity") this.#tell({ ...stale, reason: "other_identity" });
      return false;
    }
  }

  async #postpone(devices: readonly DeviceId[]): Promise<void> {
    const { store, suite } = this.#deps;
    const nowMs = this.#localClock.now();
    for (const device of devices) this.#untilMs.set(device, nowMs + retryMs);
    const unrenewed = await store.transact((tx) => suite.noteUnrenewed(tx, devices, nowMs));
    for (const { device, sinceMs, failingSinceMs } of unrenewed)
      if (nowMs - failingSinceMs >= toldAfterMs)
        this.#tell({ device, sinceMs, reason: "no_bundle" });
  }

  /** Reports each reason once until the session is renewed. */
  #tell(session: OverdueSession): void {
    const told = this.#told.get(session.device) ?? new Set();
    if (told.has(session.reason)) return;
    this.#told.set(session.device, told.add(session.reason));
    this.#deps.onOverdue(session);
  }
}
