import type { ConversationId } from "../../crypto/wire/ids.ts";

/**
 * Knows which conversations lack events that the relay had when the connection was made. When none
 * does, the device is synced.
 */
export class CatchUp {
  /** Undefined while not connected. */
  #behind: Set<ConversationId> | undefined;
  #waiting: (() => void)[] = [];
  #onSynced: () => void = () => undefined;

  /**
   * Call it when a connection was made.
   * @param onSynced called once, if the store gets all these events while the connection lasts
   */
  begin(conversations: Iterable<ConversationId>, onSynced: () => void): void {
    this.#behind = new Set(conversations);
    this.#onSynced = onSynced;
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
    if (this.#behind?.size !== 0) return;
    this.release();
    this.#onSynced();
    this.#onSynced = () => undefined;
  }
}
