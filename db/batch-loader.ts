import type { Pool } from "./pool.ts";

interface Waiting<Q, A> {
  readonly tenant: string;
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** How a batch loader answers questions, and how many at once. */
export interface BatchLoaderOptions<Q, A> {
  /** Answers questions of one tenant, in their order. The same question may be asked again. */
  readonly answer: (pool: Pool, tenant: string, questions: readonly Q[]) => Promise<readonly A[]>;
  /** The weight of a question. One batch weighs at most `most`, unless a single question weighs more. */
  readonly weigh: (question: Q) => number;
  readonly most: number;
}

/** Batches that are answered at the same time. The limit leaves connections for others. */
const CONCURRENT_BATCHES = 3;

/**
 * Loads answers in batches. Questions that arrive while earlier ones are answered form the next
 * batch. So thousands of devices that reconnect at one moment cost few round trips, and a single
 * one does not wait.
 */
class BatchLoader<Q, A> {
  readonly #pool: Pool;
  readonly #options: BatchLoaderOptions<Q, A>;
  #waiting: Waiting<Q, A>[] = [];
  #running = 0;

  constructor(pool: Pool, options: BatchLoaderOptions<Q, A>) {
    this.#pool = pool;
    this.#options = options;
  }

  ask(tenant: string, question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tenant, question, resolve, reject });
      if (this.#running === CONCURRENT_BATCHES) return;
      this.#running++;
      // Questions of the same turn of the event loop form one batch.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take())
      await this.#answer(batch);
    this.#running--;
  }

  /** Takes the next questions, all of one tenant. */
  #take(): Waiting<Q, A>[] {
    const { weigh, most } = this.#options;
    const tenant = this.#waiting[0]?.tenant;
    let weight = 0;
    const end = this.#waiting.findIndex((each, index) => {
      weight += weigh(each.question);
      return index > 0 && (each.tenant !== tenant || weight > most);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #answer(batch: readonly Waiting<Q, A>[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    try {
      const questions = batch.map(({ question }) => question);
      const answers = await this.#options.answer(this.#pool, first.tenant, questions);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as A);
    } catch (error) {
      if (batch.length === 1) first.reject(error);
      // One failing question fails the batch, so each is asked alone.
      else for (const each of batch) await this.#answer([each]);
    }
  }
}

/** @returns a function that asks a question of one tenant, batched with others on the same pool */
export function createBatchLoader<Q, A>(
  options: BatchLoaderOptions<Q, A>,
): (pool: Pool, tenant: string, question: Q) => Promise<A> {
  /** One loader for each pool, for as long as the pool exists. */
  const all = new WeakMap<Pool, BatchLoader<Q, A>>();
  return (pool, tenant, question) => {
    let own = all.get(pool);
    if (own === undefined) all.set(pool, (own = new BatchLoader(pool, options)));
    return own.ask(tenant, question);
  };
}
