/** One sender and one receiver, whatever stands between them. */
export interface Pair {
  /**
   * Sends the next message. `accepted` is called when the relay has taken it, `delivered` when the
   * receiver has it.
   */
  send(accepted: () => void, delivered: () => void): void;
  close(): void;
}

/** Size of a message's ciphertext, in bytes. */
export const BODY_BYTES = 300;
