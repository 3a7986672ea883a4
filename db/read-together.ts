import { AsyncResource } from "node:async_hooks";
import type { Client, Pool } from "./pool.ts";
import { inTransaction } from "./transaction.ts";

type Work = (client: Client) => Promise<unknown>;

interface Waiting {
  readonly tenant: string;
  readonly work: Work;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Transactions at the same time: others than readers want connections too. */
const LANES = 4;
const MAX_TOGETHER = 64;

/** Reads that wait on one pool. */
class Readers {
  readonly #pool: Pool;
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  push(read: Waiting): void {
    this.#waiting.push(read);
    if (this.#running === LANES) return;
    this.#running++;
    // What is asked for in the same turn of the event loop is read together.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#read(batch);
    this.#running--;
  }

  /** The next reads, all of one tenant. */
  #take(): Waiting[] {
    const tenant = this.#waiting[0]?.tenant;
    const next = this.#waiting.findIndex((read) => read.tenant !== tenant);
    return this.#waiting.splice(0, Math.min(next === -1 ? Infinity : next, MAX_TOGETHER));
  }

  async #read(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const { tenant } = first;
    try {
      const results = await inTransaction(this.#pool, tenant, (client) =>
        Promise.all(batch.map(({ work }) => work(client))),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
    } catch (error) {
      if (batch.length === 1) first.reject(error);
      // One that fails takes the transaction with it, so each has one of its own.
      else for (const read of batch) await this.#read([read]);
    }
  }
}

/** One for each pool, for as long as there is the pool. */
const readersOf = new WeakMap<Pool, Readers>();

/**
 * Runs `work`, which only reads, in a transaction fenced to the tenant, as `inTransaction` does; but
 * reads that are asked for at the same time share one, which saves three of four round trips when
 * thousands of devices come back. `work` may be run again, and sees what is committed when it runs.
 */
export function readTogether<T>(
  pool: Pool,
  tenant: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  let readers = readersOf.get(pool);
  if (readers === undefined) readersOf.set(pool, (readers = new Readers(pool)));
  const waiting = readers;
  return new Promise((resolve, reject) => {
    waiting.push({
      tenant,
      // Traces go on where the caller stands.
      work: AsyncResource.bind(work),
      resolve: resolve as (result: unknown) => void,
      reject,
    });
  });
}
