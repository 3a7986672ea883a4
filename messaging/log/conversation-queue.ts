import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";

/**
 * The work that waits for one conversation. At most one batch or change of a conversation runs at a
 * time.
 */
interface Waiting<T> {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly items: T[];
  readonly changes: (() => void)[];
  busy: boolean;
}

/** A turn of one conversation. The conversation stays busy until `release`. */
export interface Turn {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
}

/** Some messages of one conversation that a committer took. */
export interface Taken<T> extends Turn {
  readonly items: readonly T[];
}

const keyOf = ({ tenant, conversation }: Turn): string => tenant + conversation;

/**
 * Queues by conversation. Tenants are served in turn, so that a tenant with many messages delays
 * another one by one turn. The conversations of a tenant are served first come, first served. A
 * membership change goes before waiting messages, so a busy conversation cannot starve it.
 */
export class ConversationQueue<T> {
  /**
   * Keyed by tenant and conversation, so that a request that names another tenant's conversation
   * waits in a queue of its own.
   */
  readonly #all = new Map<string, Waiting<T>>();
  /** The conversations that have messages and are not busy, by tenant. The first tenant is next. */
  readonly #ready = new Map<TenantId, Set<Waiting<T>>>();
  #size = 0;

  /** Returns how many messages wait. Those already taken do not count. */
  get size(): number {
    return this.#size;
  }

  /** Returns whether messages wait that a committer can take. */
  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  push(tenant: TenantId, conversation: ConversationId, item: T): void {
    const waiting = this.#entry(tenant, conversation);
    waiting.items.push(item);
    this.#size++;
    if (!waiting.busy) this.#makeReady(waiting);
  }

  /**
   * Takes up to `max` messages from conversations of the tenant whose turn it is. These
   * conversations become busy.
   * @param mayBegin whether it may be this tenant's turn
   */
  take(max: number, mayBegin: (tenant: TenantId) => boolean = () => true): Taken<T>[] {
    const next = [...this.#ready].find(([tenant]) => mayBegin(tenant));
    if (next === undefined) return [];
    const [tenant, ready] = next;
    const taken: Taken<T>[] = [];
    let count = 0;
    for (const waiting of ready) {
      if (count >= max) break;
      const items = waiting.items.splice(0, max - count);
      count += items.length;
      waiting.busy = true;
      ready.delete(waiting);
      taken.push({ tenant, conversation: waiting.conversation, items });
    }
    this.#ready.delete(tenant);
    if (ready.size > 0) this.#ready.set(tenant, ready);
    this.#size -= count;
    return taken;
  }

  /** Resolves when the caller has the conversation alone. Call `release` afterwards. */
  exclusive(tenant: TenantId, conversation: ConversationId): Promise<void> {
    const waiting = this.#entry(tenant, conversation);
    if (!waiting.busy) {
      waiting.busy = true;
      this.#unready(waiting);
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.changes.push(resolve));
  }

  /** Ends a turn and puts `unfinished` back in front. */
  release(turn: Turn, unfinished: readonly T[] = []): void {
    const waiting = this.#all.get(keyOf(turn));
    if (waiting === undefined) return;
    waiting.items.unshift(...unfinished);
    this.#size += unfinished.length;
    const change = waiting.changes.shift();
    if (change !== undefined) {
      change();
      return;
    }
    waiting.busy = false;
    if (waiting.items.length > 0) this.#makeReady(waiting);
    else this.#all.delete(keyOf(turn));
  }

  #makeReady(waiting: Waiting<T>): void {
    const ready = this.#ready.get(waiting.tenant) ?? new Set();
    ready.add(waiting);
    this.#ready.set(waiting.tenant, ready);
  }

  #unready(waiting: Waiting<T>): void {
    const ready = this.#ready.get(waiting.tenant);
    ready?.delete(waiting);
    if (ready?.size === 0) this.#ready.delete(waiting.tenant);
  }

  #entry(tenant: TenantId, conversation: ConversationId): Waiting<T> {
    const key = keyOf({ tenant, conversation });
    const known = this.#all.get(key);
    if (known !== undefined) return known;
    const made = { tenant, conversation, items: [], changes: [], busy: false };
    this.#all.set(key, made);
    return made;
  }
}
