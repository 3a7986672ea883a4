import { wireLimits, type Cursor } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Clock } from "../runtime.ts";

/**
 * Tells the relay which events are safe in the store. One frame covers everything that was stored
 * in the same turn, up to the limit of a frame.
 */
export class Acknowledger {
  readonly #clock: Clock;
  readonly #send: (cursors: readonly Cursor[]) => void;
  readonly #waiting = new Map<ConversationId, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, send: (cursors: readonly Cursor[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Notes that every event of the conversation up to `seq` is in the store. */
  recorded(conversation: ConversationId, seq: number): void {
    this.#waiting.set(conversation, seq);
    this.#cancel ??= this.#clock.after(0, () => {
      const cursors = Array.from(this.#waiting, ([id, reached]) => ({
        conversation: id,
        seq: reached,
      }));
      this.reset();
      this.tell(cursors);
    });
  }

  /** Tells the relay at once, in as many frames as it takes. */
  tell(cursors: readonly Cursor[]): void {
    for (let from = 0; from < cursors.length; from += wireLimits.cursors)
      this.#send(cursors.slice(from, from + wireLimits.cursors));
  }

  /** Forgets the waiting acknowledgements. The next hello reports them. */
  reset(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
  }
}
