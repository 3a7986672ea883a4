import { FairCache } from "../../policies/fair-cache.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
import type { ConversationHead } from "./head.ts";

/**
 * Heads of the conversations that a node serves. The least recently used one is dropped first, and a
 * tenant with many cannot push out those of others. A head takes about 2 KB.
 */
export class HeadCache {
  readonly #heads: FairCache<ConversationHead, ConversationId>;
  readonly #tenantOf = new Map<ConversationId, TenantId>();
  #generation = 0;

  constructor(capacity: number) {
    this.#heads = new FairCache(capacity);
  }

  get(tenant: TenantId, conversation: ConversationId): ConversationHead | undefined {
    return this.#heads.get(tenant, conversation);
  }

  set(head: ConversationHead): void {
    const { tenant, conversation } = head;
    const dropped = this.#heads.set(tenant, conversation, head);
    this.#tenantOf.set(conversation, tenant);
    if (dropped !== undefined) this.#tenantOf.delete(dropped);
  }

  drop(conversation: ConversationId): void {
    const tenant = this.#tenantOf.get(conversation);
    if (tenant === undefined) return;
    this.#tenantOf.delete(conversation);
    this.#heads.delete(tenant, conversation);
  }

  /** Drops all heads, because the role of some account has changed. */
  clear(): void {
    this.#generation++;
    this.#heads.clear();
    this.#tenantOf.clear();
  }

  /**
   * Returns a number that changes whenever all heads are dropped. Plans on heads from before are
   * discarded.
   */
  get generation(): number {
    return this.#generation;
  }

  /** Drops the head unless it has reached `seq`. */
  dropBehind(conversation: ConversationId, seq: number): void {
    const head = this.#heads.peek(this.#tenantOf.get(conversation) ?? "", conversation);
    if (head !== undefined && head.seq < seq) this.drop(conversation);
  }
}
