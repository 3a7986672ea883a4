import type { ConversationId } from "../../crypto/wire/ids.ts";

/**
 * Knows which conversations lack events that the relay had when the connection was made. When none
 * does, the device is synced.
 */
export class CatchUp {
  /** Undefined while not connected. */
  #behind: Set<ConversationId> | undefined;
  /** The conversations that `#onDone` was called with. */
  #done = new Set<ConversationId>();
  #waiting: (() => void)[] = [];
  #onDone: (conversation: ConversationId) => void = () => undefined;

  /**
   * Call it when a connection was made.
   * @param onDone called once for each conversation that has all these events, if it has them while the connection
   *   lasts. For a conversation that lacks none, it is called at its first event.
   */
  begin(
    conversations: Iterable<ConversationId>,
    onDone: (conversation: ConversationId) => void,
  ): void {
    this.#behind = new Set(conversations);
    this.#done = new Set();
    this.#onDone = onDone;
    this.#resolveIfDone();
  }

  /** Call it when the connection was lost. */
  end(): void {
    this.#behind = undefined;
  }

  /** True while connected, if the store has all earlier events of the conversation. */
  isDone(conversation: ConversationId): boolean {
    return this.#behind?.has(conversation) === false;
  }

  /** Call it before an event of the conversation is processed. */
  arrived(conversation: ConversationId): void {
    if (!this.isDone(conversation) || this.#done.has(conversation)) return;
    this.#done.add(conversation);
    this.#onDone(conversation);
  }

  /** Resolves when the store has all earlier events of every conversation. */
  whenSynced(): Promise<void> {
    if (this.#behind?.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Notes that the store has all earlier events of the conversation when `recorded` resolves, and
   * calls `onDone`. Does neither if the connection is another one by then.
   */
  finish(conversation: ConversationId, recorded: Promise<unknown>, onDone: () => void): void {
    const behind = this.#behind;
    recorded.then(
      () => {
        if (behind !== this.#behind) return;
        behind?.delete(conversation);
        this.arrived(conversation);
        onDone();
        this.#resolveIfDone();
      },
      () => undefined,
    );
  }

  /** Resolves everybody who waits. Nothing can be received any more. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #resolveIfDone(): void {
    if (this.#behind?.size === 0) this.release();
  }
}
