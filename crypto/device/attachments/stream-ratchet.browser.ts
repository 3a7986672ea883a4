/** The chain of keys and nonces of libsodium's secretstream, built from noble's primitives. */
import { chacha20, hchacha } from "@noble/ciphers/chacha.js";
import { poly1305 } from "@noble/ciphers/_poly1305.js";
import { utf8 } from "../../wire/bytes.ts";

/** The tags of chunks, as libsodium numbers them. */
export const tags = { message: 0, rekey: 2, final: 3 } as const;
/** The length of a block of ChaCha20, in bytes. */
export const blockBytes = 64;

/** Returns little-endian words in memory of their own, as HChaCha20 takes them. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) =>
    view.getUint32(index * 4, true),
  );
}

function bytesOf(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, true);
  return bytes;
}

const sigma = wordsOf(utf8("expand 32-byte k"));

/**
 * Key and nonce of one direction. The nonce is a 32-bit counter followed by 8 bytes that chain the
 * chunks.
 */
export class StreamRatchet {
  #key: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  readonly #counter = new DataView(this.#nonce.buffer, 0, 4);

  constructor(key: Uint8Array, header: Uint8Array) {
    const subkey = new Uint32Array(8);
    hchacha(sigma, wordsOf(key), wordsOf(header.subarray(0, 16)), subkey);
    this.#key = bytesOf(subkey);
    this.#nonce.set(header.subarray(16), 4);
    this.#counter.setUint32(0, 1, true);
  }

  /** ChaCha20 (RFC 8439) of the current chunk, starting at `block`. */
  xor(bytes: Uint8Array, block: number): Uint8Array {
    return chacha20(this.#key, this.#nonce, bytes, undefined, block);
  }

  /**
   * Poly1305 over the parts of a chunk: associated data, the block with its tag, the ciphertext.
   */
  mac(associatedData: Uint8Array, tagBlock: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const lengths = new DataView(new ArrayBuffer(16));
    lengths.setBigUint64(0, BigInt(associatedData.length), true);
    lengths.setBigUint64(8, BigInt(blockBytes + ciphertext.length), true);
    return poly1305
      .create(this.xor(new Uint8Array(blockBytes), 0).subarray(0, 32))
      .update(associatedData)
      .update(new Uint8Array((16 - associatedData.length) & 15))
      .update(tagBlock)
      .update(ciphertext)
      .update(new Uint8Array(ciphertext.length & 15)) // libsodium's own padding, not RFC 8439's
      .update(new Uint8Array(lengths.buffer))
      .digest();
  }

  /** Moves to the next chunk. After 2^32 chunks or on request, it replaces the key. */
  advance(mac: Uint8Array, tag: number): void {
    for (let index = 0; index < 8; index++)
      this.#nonce[4 + index] = (this.#nonce[4 + index] ?? 0) ^ (mac[index] ?? 0);
    const next = (this.#counter.getUint32(0, true) + 1) >>> 0;
    this.#counter.setUint32(0, next, true);
    if ((tag & tags.rekey) === 0 && next !== 0) return;
    const both = new Uint8Array(40);
    both.set(this.#key);
    both.set(this.#nonce.subarray(4), 32);
    const fresh = this.xor(both, 0);
    this.#key = fresh.slice(0, 32);
    this.#nonce.set(fresh.subarray(32), 4);
    this.#counter.setUint32(0, 1, true);
  }
}
