import { createHash, type Hash } from "node:crypto";
import type { TenantId, AttachmentId } from "../../crypto/wire/ids.ts";
import { FairCache } from "../../policies/fair-cache.ts";
import type { ByteRange } from "./stores/blob-store.ts";

type ReadBlob = (range: ByteRange) => AsyncIterable<Uint8Array>;

/** An upload, and whose it is. */
interface Upload {
  readonly tenant: TenantId;
  readonly id: AttachmentId;
}

interface Running {
  readonly hash: Hash;
  bytes: number;
}

/**
 * Maximum number of digests in memory. If there are more uploads, the blob of an old one is read
 * again at its end. A tenant with many uploads does not cause this for others.
 */
const remembered = 1000;

/** Computes the SHA-256 of uploads while they arrive. */
export class RunningDigests {
  readonly #running = new FairCache<Running>(remembered);

  /** Passes the pieces on and adds them to the digest of an upload that has reached `offset`. */
  async *follow(
    { tenant, id }: Upload,
    offset: number,
    data: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const known = this.#running.get(tenant, id);
    // A digest that lacks the beginning is never used, so its length is NaN.
    const bytes = offset === 0 ? 0 : Number.NaN;
    const running = known?.bytes === offset ? known : { hash: createHash("sha256"), bytes };
    this.#running.set(tenant, id, running);
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
  async take({ tenant, id }: Upload, size: number, read: ReadBlob): Promise<Uint8Array> {
    const running = this.#running.get(tenant, id);
    this.#running.delete(tenant, id);
    if (running?.bytes === size) return running.hash.digest();
    const hash = createHash("sha256");
    for await (const piece of read({ from: 0, until: size })) hash.update(piece);
    return hash.digest();
  }

  forget({ tenant, id }: Upload): void {
    this.#running.delete(tenant, id);
  }
}
