import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool, PoolClient } from "../../db/pool.ts";

/**
 * A connection that one user keeps and fences to one tenant after another, outside transactions. If
 * it breaks, the next `connect` takes another one from the pool.
 */
export class FencedConnection {
  readonly #pool: Pool;
  #client: PoolClient | undefined;
  #fence: TenantId | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @throws Error if the connection was lost after the last `connect` */
  get client(): PoolClient {
    if (this.#client === undefined) throw new Error("the connection was lost");
    return this.#client;
  }

  /** Connects if there is no connection, and lets the connection see only this tenant's rows. */
  async connect(tenant: TenantId): Promise<void> {
    if (this.#client === undefined) {
      const client = await this.#pool.connect();
      client.once("error", () => this.#drop(client));
      this.#client = client;
      this.#fence = undefined;
    }
    if (this.#fence === tenant) return;
    await this.#client.query("select set_config('sealdesk.tenant', $1, false)", [tenant]);
    this.#fence = tenant;
  }

  /**
   * Ends the connection, if there is one. It does not go back into the pool, because it is fenced
   * to a tenant for its lifetime.
   */
  drop(): void {
    if (this.#client !== undefined) this.#drop(this.#client);
  }

  #drop(client: PoolClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.release(true);
  }
}
