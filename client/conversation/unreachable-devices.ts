import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Clock } from "../runtime.ts";

/**
 * The time for which a device with an unusable bundle is left out before another bundle is tried.
 */
const unreachableMs = 15 * 60_000;

/** Devices that messages are sent without, because their bundles could not be used. */
export class UnreachableDevices {
  readonly #clock: Clock;
  readonly #onUnreachable: (device: Uuid) => void;
  readonly #untilMs = new Map<Uuid, number>();

  constructor(clock: Clock, onUnreachable: (device: Uuid) => void) {
    this.#clock = clock;
    this.#onUnreachable = onUnreachable;
  }

  /** Adds devices, and reports each the first time. */
  add(devices: readonly Uuid[]): void {
    for (const device of devices) {
      if (!this.#untilMs.has(device)) this.#onUnreachable(device);
      this.#untilMs.set(device, this.#clock.now() + unreachableMs);
    }
  }

  /** Returns the devices to leave out now. */
  get current(): readonly Uuid[] {
    const now = this.#clock.now();
    return [...this.#untilMs].flatMap(([device, untilMs]) => (now < untilMs ? [device] : []));
  }
}
