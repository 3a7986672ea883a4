import type { TenantId } from "../../crypto/wire/ids.ts";
import type { FetchedKeys } from "./device-keys.ts";

/** The time that a committer waits for keys before it continues without them, in milliseconds. */
const BRIEFLY_MS = 50;

/**
 * Holds messages that wait for their keys, outside the committers. So a key service that is slow or
 * refuses one tenant does not delay other tenants. All committers of a log share it.
 */
export class KeyWaitQueue {
  readonly #mostOfTenant: number;
  readonly #onReady: () => void;
  /**
   * The number of messages of each tenant that wait because a fetch took too long or will be
   * repeated.
   */
  readonly #late = new Map<TenantId, number>();
  readonly #running = new Set<Promise<void>>();
  #size = 0;

  /**
   * @param mostOfTenant how many messages of one tenant may wait here
   * @param onReady called when messages are back in the queue
   */
  constructor(mostOfTenant: number, onReady: () => void) {
    this.#mostOfTenant = mostOfTenant;
    this.#onReady = onReady;
  }

  /** Returns how many messages wait here. */
  get size(): number {
    return this.#size;
  }

  /** Returns whether this many more messages of the tenant may wait. */
  hasRoom(tenant: TenantId, messages: number): boolean {
    return (this.#late.get(tenant) ?? 0) + messages <= this.#mostOfTenant;
  }

  /**
   * Returns the keys if they come soon. It does not wait for a tenant whose keys are already late.
   */
  async briefly(
    tenant: TenantId,
    fetching: Promise<FetchedKeys>,
  ): Promise<FetchedKeys | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.#late.has(tenant) ? 0 : BRIEFLY_MS);
    });
    const fetched = await Promise.race([fetching, late]);
    clearTimeout(timer);
    return fetched;
  }

  /**
   * Keeps this many messages of a tenant waiting until `work` has put them back or answered them.
   */
  keep(tenant: TenantId, messages: number, work: () => Promise<void>): void {
    this.#size += messages;
    this.#late.set(tenant, (this.#late.get(tenant) ?? 0) + messages);
    const running = work().finally(() => {
      this.#size -= messages;
      const others = (this.#late.get(tenant) ?? 0) - messages;
      if (others === 0) this.#late.delete(tenant);
      else this.#late.set(tenant, others);
      this.#running.delete(running);
      this.#onReady();
    });
    this.#running.add(running);
  }

  /** Resolves when some messages no longer wait. */
  async next(): Promise<void> {
    await Promise.race(this.#running);
  }
}
