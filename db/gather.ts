import type { Pool } from "./pool.ts";

interface Waiting<Q, A> {
  readonly tenant: string;
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** How a gathering answers, and how much at once. */
export interface Gathering<Q, A> {
  /** Answers questions of one tenant, in their order. May be asked the same again. */
  readonly answer: (pool: Pool, tenant: string, questions: readonly Q[]) => Promise<readonly A[]>;
  /** What a question counts for: at most `most` are answered at once, or one that is over it. */
  readonly weigh: (question: Q) => number;
  readonly most: number;
}

/** Answers being made at the same time: others want connections too. */
const LANES = 3;

/**
 * Puts questions to the database together when they come together: whatever came while the last
 * ones were being answered is asked next. So thousands of devices that come back at one moment cost
 * few round trips, and one that comes alone does not wait.
 */
class Gather<Q, A> {
  readonly #pool: Pool;
  readonly #gathering: Gathering<Q, A>;
  #waiting: Waiting<Q, A>[] = [];
  #running = 0;

  constructor(pool: Pool, gathering: Gathering<Q, A>) {
    this.#pool = pool;
    this.#gathering = gathering;
  }

  ask(tenant: string, question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tenant, question, resolve, reject });
      if (this.#running === LANES) return;
      this.#running++;
      // What is asked for in the same turn of the event loop is asked together.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take())
      await this.#answer(batch);
    this.#running--;
  }

  /** The next questions, all of one tenant. */
  #take(): Waiting<Q, A>[] {
    const { weigh, most } = this.#gathering;
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
      const answers = await this.#gathering.answer(this.#pool, first.tenant, questions);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as A);
    } catch (error) {
      if (batch.length === 1) first.reject(error);
      // One that fails takes the others with it, so each is asked alone.
      else for (const each of batch) await this.#answer([each]);
    }
  }
}

/** @returns asks a question of one tenant, gathered with others on the same pool */
export function gather<Q, A>(
  gathering: Gathering<Q, A>,
): (pool: Pool, tenant: string, question: Q) => Promise<A> {
  /** One for each pool, for as long as there is the pool. */
  const all = new WeakMap<Pool, Gather<Q, A>>();
  return (pool, tenant, question) => {
    let own = all.get(pool);
    if (own === undefined) all.set(pool, (own = new Gather(pool, gathering)));
    return own.ask(tenant, question);
  };
}
