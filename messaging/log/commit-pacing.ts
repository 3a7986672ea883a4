import type { TenantId } from "../../crypto/wire/ids.ts";
import { RecentUse } from "../../policies/recent-use.ts";

/** A tenant that keeps less than this many committers busy on average never waits. */
const LIGHT = 0.2;
/**
 * The time for which the messages of a heavy tenant are collected into one batch, in milliseconds.
 */
const GATHER_MS = 25;

/**
 * Lets the messages of a tenant gather when it keeps the committers busier than other tenants do. A few
 * large batches cost the node and the database much less than many small ones. A tenant that is alone is
 * never slowed.
 */
export class CommitPacing {
  readonly #monotonic: () => number;
  readonly #onDue: () => void;
  readonly #use: RecentUse<TenantId>;
  readonly #beganMs = new Map<TenantId, number>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param monotonic returns milliseconds of a clock that never goes back
   * @param onDue called when a tenant that had to wait may begin
   */
  constructor(monotonic: () => number, onDue: () => void) {
    this.#monotonic = monotonic;
    this.#onDue = onDue;
    this.#use = new RecentUse(monotonic());
  }

  /** Returns whether the tenant's next batch may begin now. */
  mayBegin(tenant: TenantId): boolean {
    const nowMs = this.#monotonic();
    const isEarly = nowMs < (this.#beganMs.get(tenant) ?? -GATHER_MS) + GATHER_MS;
    return !isEarly || !this.#use.isHeavy(tenant, LIGHT, nowMs);
  }

  /**
   * Records that a batch of the tenant begins.
   * @returns a function to call when it ends
   */
  begin(tenant: TenantId): () => void {
    this.#change(tenant, 1);
    this.#beganMs.set(tenant, this.#monotonic());
    return () => this.#change(tenant, -1);
  }

  /** Calls `onDue` when every tenant may begin that may not now. */
  callWhenDue(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onDue();
    }, GATHER_MS);
  }

  #change(tenant: TenantId, by: number): void {
    for (const idle of this.#use.change(tenant, by, this.#monotonic())) this.#beganMs.delete(idle);
  }
}
