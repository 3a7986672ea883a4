import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Clock } from "../runtime.ts";

/**
 * The time for which a device with an unusable bundle is left out before another bundle is tried.
 */
const unreachableMs = 15 * 60_000;

/** Devices that messages are sent without, because their bundles could not be used. */
export class UnreachableDevices {
  readonly #clock: Clock;
  readonly #onUnreachable: (device: DeviceId) => void;
  readonly #untilMs = new Map<DeviceId, number>();

  constructor(clock: Clock, onUnreachable: (device: DeviceId) => void) {
    this.#clock = clock;
    this.#onUnreachable = onUnreachable;
  }

  /** Adds devices, and reports each the first time. */
  add(devices: readonly DeviceId[]): void {
    for (const device of devices) {
      if (!this.#untilMs.has(device)) this.#onUnreachable(device);
      this.#untilMs.set(device, this.#clock.now() + unreachableMs);
    }
  }

  /** Returns the devices to leave out now. */
  get current(): readonly DeviceId[] {
    const nowMs = this.#clock.now();
    return [...this.#untilMs].flatMap(([device, untilMs]) => (nowMs < untilMs ? [device] : []));
  }
}
