import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { StaleSession } from "../../crypto/device/suite.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import { establishSession, type EstablishDeps } from "./sessions.ts";

/**
 * The time after a failed renewal for which messages go out in the old session. The relay gives one
 * device a bundle of another every ten minutes.
 */
const retryMs = 15 * 60_000;
/**
 * The time without a fresh exchange after which the user is told: the half day after which it is due,
 * and a day in which a server may have been down.
 */
const toldAfterMs = 36 * 3_600_000;

export interface SessionRenewalDeps extends EstablishDeps {
  /** A session was not renewed for so long that a person should know. */
  readonly onOverdue: (session: StaleSession) => void;
}

/**
 * Renews the sessions of all conversations in which no fresh exchange took place for too long. A
 * failure delays no message: the old session goes on, and the user is told if it lasts.
 */
export class SessionRenewal {
  readonly #deps: SessionRenewalDeps;
  readonly #localClock: Clock;
  readonly #running = new Map<DeviceId, Promise<void>>();
  readonly #untilMs = new Map<DeviceId, number>();
  readonly #told = new Set<DeviceId>();

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
   * Renews the sessions with `devices`. Those that could not be renewed are in `postponed`. It throws
   * only what the store throws.
   */
  async renew(devices: readonly DeviceId[]): Promise<void> {
    for (const device of devices) {
      // Several conversations may ask for the device at the same time.
      let running = this.#running.get(device);
      running ??= this.#renew(device).finally(() => this.#running.delete(device));
      this.#running.set(device, running);
      await running;
    }
  }

  async #renew(device: DeviceId): Promise<void> {
    const { store, suite } = this.#deps;
    const nowMs = this.#localClock.now();
    const [stale] = await store.transact((tx) => suite.staleSessions(tx, [device], nowMs));
    if (stale === undefined) return;
    try {
      await establishSession(this.#deps, device);
      this.#untilMs.delete(device);
      this.#told.delete(device);
    } catch (error) {
      if (!(error instanceof SealdeskError) && codeOf(error, "SuiteError") === undefined)
        throw error;
      this.#untilMs.set(device, this.#localClock.now() + retryMs);
      if (nowMs - stale.sinceMs >= toldAfterMs) this.#tell(stale);
    }
  }

  /** Reports a device once until its session is renewed. */
  #tell(session: StaleSession): void {
    if (this.#told.has(session.device)) return;
    this.#told.add(session.device);
    this.#deps.onOverdue(session);
  }
}
