import { FairQueue } from "../policies/fair-queue.ts";
import { OverloadError } from "./fairness/overload-error.ts";
import { requesterIn, runForTenant, SHARED_ACCOUNT } from "./fairness/requester.ts";
import type { Pool } from "./pool.ts";
import type { TenantId } from "../crypto/wire/ids.ts";

interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** The options of a batch loader: how it answers questions, and how many at once. */
export interface BatchLoaderOptions<Q, A> {
  /** Answers questions of one tenant, in their order. The same question may be asked again. */
  readonly answer: (pool: Pool, tenant: TenantId, questions: readonly Q[]) => Promise<readonly A[]>;
  /** The weight of a question. One batch weighs at most `most`, unless a single question weighs more. */
  readonly weigh: (question: Q) => number;
  readonly most: number;
}

/** Batches of one tenant that are answered at the same time. */
const CONCURRENT_BATCHES = 3;

/**
 * Loads the answers of one tenant in batches. Questions that arrive while earlier ones are answered
 * form the next batch, in which the accounts take turns. So thousands of devices that reconnect at
 * one moment cost few round trips, a single one does not wait, and no tenant waits for another.
 */
class BatchLoader<Q, A> {
  readonly #pool: Pool;
  readonly #tenant: TenantId;
  readonly #options: BatchLoaderOptions<Q, A>;
  readonly #onIdle: () => void;
  readonly #waiting = new FairQueue<Waiting<Q, A>>();
  /** A question that did not fit into the batch before. */
  #next: Waiting<Q, A> | undefined;
  #running = 0;

  constructor(pool: Pool, tenant: TenantId, options: BatchLoaderOptions<Q, A>, onIdle: () => void) {
    this.#pool = pool;
    this.#tenant = tenant;
    this.#options = options;
    this.#onIdle = onIdle;
  }

  ask(question: Q): Promise<A> {
    const tenant = this.#tenant;
    const holder = requesterIn(tenant) ?? { tenant, account: SHARED_ACCOUNT };
    return new Promise((resolve, reject) => {
      this.#waiting.push(holder, { question, resolve, reject });
      if (this.#running === CONCURRENT_BATCHES) return;
      this.#running++;
      // Questions of the same turn of the event loop form one batch.
      setImmediate(() => void runForTenant(tenant, () => this.#run()));
    });
  }

  async #run(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take())
      await this.#answer(batch);
    this.#running--;
    if (this.#running === 0) this.#onIdle();
  }

  #take(): Waiting<Q, A>[] {
    const { weigh, most } = this.#options;
    const batch: Waiting<Q, A>[] = [];
    let weight = 0;
    for (;;) {
      const next = this.#next ?? this.#waiting.take();
      this.#next = undefined;
      if (next === undefined) return batch;
      weight += weigh(next.question);
      if (batch.length > 0 && weight > most) {
        this.#next = next;
        return batch;
      }
      batch.push(next);
    }
  }

  async #answer(batch: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const questions = batch.map(({ question }) => question);
      const answers = await this.#options.answer(this.#pool, this.#tenant, questions);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as A);
    } catch (error) {
      // Asking again would wait as long again.
      if (batch.length === 1 || error instanceof OverloadError)
        for (const { reject } of batch) reject(error);
      // One failing question fails the batch, so each is asked alone.
      else for (const each of batch) await this.#answer([each]);
    }
  }
}

/** @returns a function that asks a question of one tenant, batched with others on the same pool */
export function createBatchLoader<Q, A>(
  options: BatchLoaderOptions<Q, A>,
): (pool: Pool, tenant: TenantId, question: Q) => Promise<A> {
  /** The loaders that have something to do, of each pool by tenant. */
  const all = new WeakMap<Pool, Map<TenantId, BatchLoader<Q, A>>>();
  return (pool, tenant, question) => {
    const loaders = all.get(pool) ?? new Map<TenantId, BatchLoader<Q, A>>();
    all.set(pool, loaders);
    const forget = () => void loaders.delete(tenant);
    const loader = loaders.get(tenant) ?? new BatchLoader(pool, tenant, options, forget);
    loaders.set(tenant, loader);
    return loader.ask(question);
  };
}
