import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ConversationHead } from "./head.ts";

/**
 * Heads of the conversations that a node serves. The least recently used one is dropped first. A
 * head takes about 2 KB.
 */
export class HeadCache {
  readonly #heads = new Map<Uuid, ConversationHead>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(tenant: Uuid, conversation: Uuid): ConversationHead | undefined {
    const head = this.#heads.get(conversation);
    return head?.tenant === tenant ? head : undefined;
  }

  set(head: ConversationHead): void {
    this.#heads.delete(head.conversation);
    this.#heads.set(head.conversation, head);
    if (this.#heads.size <= this.#capacity) return;
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined) this.#heads.delete(oldest);
  }

  drop(conversation: Uuid): void {
    this.#heads.delete(conversation);
  }

  /** Drops all heads, because the role of some account has changed. */
  clear(): void {
    this.#heads.clear();
  }

  /** Drops the head unless it has reached `seq`. */
  dropBehind(conversation: Uuid, seq: number): void {
    const head = this.#heads.get(conversation);
    if (head !== undefined && head.seq < seq) this.#heads.delete(conversation);
  }
}
