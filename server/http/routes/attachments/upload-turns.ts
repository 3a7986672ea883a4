import type { AttachmentId } from "../../../../crypto/wire/ids.ts";
import { MessagingError } from "../../../../messaging/messaging-error.ts";

interface Turn {
  readonly stop: AbortController;
  readonly over: Promise<unknown>;
}

/**
 * Lets one request at a time work on an upload. The latest request goes on, and the one before is
 * stopped: its device has usually lost the connection and does not know yet how far it came.
 */
export class UploadTurns {
  readonly #turns = new Map<AttachmentId, Turn>();

  /**
   * Stops the request that works on the upload, waits for its end, and then calls `work`.
   * @param work must end soon after `stop` is aborted, and then throws the reason
   */
  async take<T>(id: AttachmentId, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#turns.get(id);
    const stop = new AbortController();
    const over = (async () => {
      before?.stop.abort(stopped());
      await before?.over.catch(() => undefined);
      stop.signal.throwIfAborted();
      return work(stop.signal);
    })();
    const turn = { stop, over };
    this.#turns.set(id, turn);
    try {
      return await over;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}

const stopped = (): MessagingError =>
  new MessagingError("contended", "A later request works on this upload. Ask for its offset.");
