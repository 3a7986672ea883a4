import { createHash, type Hash } from "node:crypto";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ByteRange } from "./stores/blob-store.ts";

type ReadBlob = (range: ByteRange) => AsyncIterable<Uint8Array>;

interface Running {
  readonly hash: Hash;
  bytes: number;
}

/**
 * Maximum number of digests in memory. If there are more uploads, the blob of the oldest one is
 * read again at its end.
 */
const remembered = 1000;

/** Computes the SHA-256 of uploads while they arrive. */
export class RunningDigests {
  readonly #running = new Map<Uuid, Running>();

  /** Passes the pieces on and adds them to the digest of an upload that has reached `offset`. */
  async *follow(
    id: Uuid,
    offset: number,
    data: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const known = this.#running.get(id);
    // A digest that lacks the beginning is never used, so its length is NaN.
    const bytes = offset === 0 ? 0 : Number.NaN;
    const running = known?.bytes === offset ? known : { hash: createHash("sha256"), bytes };
    this.#running.delete(id);
    this.#running.set(id, running);
    for (const oldest of this.#running.keys())
      if (this.#running.size > remembered) this.#running.delete(oldest);
      else break;
    for await (const piece of data) {
      running.hash.update(piece);
      running.bytes += piece.length;
      yield piece;
    }
  }

  /**
   * Returns the digest of a final blob of `size` bytes. Calls `read` if the digest does not cover
   * all of them.
   */
  async take(id: Uuid, size: number, read: ReadBlob): Promise<Uint8Array> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    if (running?.bytes === size) return running.hash.digest();
    const hash = createHash("sha256");
    for await (const piece of read({ from: 0, until: size })) hash.update(piece);
    return hash.digest();
  }

  forget(id: Uuid): void {
    this.#running.delete(id);
  }
}
