import type { DeviceId, TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { findTold } from "../../workflows/erasure/notices/find-told.ts";
import type { Relay } from "../socket/relay.ts";

/** The time after which a device that does not answer is told again. */
const AGAIN_MS = 60_000;

/** Until which notice a device was told, by the time of the notice, and when that was. */
interface Told {
  readonly notifiedAtMs: number;
  readonly toldMs: number;
}

/** Tells the devices that are connected to this node of erasures, until they answer. */
export class ErasureTeller {
  readonly #pool: Pool;
  readonly #relay: Pick<Relay, "tellErasures">;
  /** Devices that are connected and have not answered. */
  readonly #told = new Map<TenantId, ReadonlyMap<DeviceId, Told>>();

  constructor(pool: Pool, relay: Pick<Relay, "tellErasures">) {
    this.#pool = pool;
    this.#relay = relay;
  }

  /**
   * Looks for notices of a tenant. A device that connects again is told again.
   * @param devices all that are connected
   */
  async look(tenant: TenantId, devices: readonly DeviceId[]): Promise<void> {
    const before = this.#told.get(tenant);
    const nowMs = performance.now();
    const silent = new Map<DeviceId, Told>();
    for (const { device, notifiedAtMs } of await findTold(this.#pool, tenant, devices)) {
      const told = before?.get(device);
      const isTold = told?.notifiedAtMs === notifiedAtMs && nowMs - told.toldMs < AGAIN_MS;
      if (!isTold) this.#relay.tellErasures(device);
      silent.set(device, isTold ? told : { notifiedAtMs, toldMs: nowMs });
    }
    if (silent.size === 0) this.#told.delete(tenant);
    else this.#told.set(tenant, silent);
  }
}
