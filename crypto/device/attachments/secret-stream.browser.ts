/**
 * The browser's version of `secret-stream.ts`. It builds libsodium's secretstream from noble's
 * ChaCha20 and Poly1305, as libsodium's documentation and source describe it. A test compares the
 * two in both directions.
 */
import { chacha20, hchacha } from "@noble/ciphers/chacha.js";
import { poly1305 } from "@noble/ciphers/_poly1305.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../../wire/bytes.ts";
import { equalSecret, randomBytes } from "../sodium.browser.ts";

/** The length of the header and the overhead of a chunk, in bytes. */
export const streamSizes = { key: 32, header: 24, perChunk: 17 } as const;

const tags = { message: 0, rekey: 2, final: 3 } as const;
const macBytes = 16;
const blockBytes = 64;

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
class Ratchet {
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

/** Seals chunks in order with libsodium's secretstream (XChaCha20-Poly1305). */
export class StreamSealer {
  readonly header: Uint8Array;
  readonly #ratchet: Ratchet;
  readonly #associatedData: Uint8Array;

  constructor(key: Uint8Array, associatedData: Uint8Array) {
    this.header = randomBytes(streamSizes.header);
    this.#ratchet = new Ratchet(key, this.header);
    this.#associatedData = associatedData;
  }

  /** @param final marks the stream's last chunk; an opener refuses a stream without one */
  seal(chunk: Uint8Array, final: boolean): Uint8Array {
    const tag = final ? tags.final : tags.message;
    const first = new Uint8Array(blockBytes);
    first[0] = tag;
    const tagBlock = this.#ratchet.xor(first, 1);
    const ciphertext = this.#ratchet.xor(chunk, 2);
    const mac = this.#ratchet.mac(this.#associatedData, tagBlock, ciphertext);
    this.#ratchet.advance(mac, tag);
    const sealed = new Uint8Array(chunk.length + streamSizes.perChunk);
    sealed.set(tagBlock.subarray(0, 1));
    sealed.set(ciphertext, 1);
    sealed.set(mac, 1 + ciphertext.length);
    return sealed;
  }
}

export class StreamOpener {
  readonly #ratchet: Ratchet;
  readonly #associatedData: Uint8Array;

  constructor(header: Uint8Array, key: Uint8Array, associatedData: Uint8Array) {
    this.#ratchet = new Ratchet(key, header);
    this.#associatedData = associatedData;
  }

  /** Returns undefined for anything except the stream's next chunk with a known tag. */
  open(sealed: Uint8Array): { readonly chunk: Uint8Array; readonly final: boolean } | undefined {
    if (sealed.length < streamSizes.perChunk) return undefined;
    const ciphertext = sealed.subarray(1, -macBytes);
    const tagBlock = new Uint8Array(blockBytes);
    tagBlock.set(sealed.subarray(0, 1));
    const opened = this.#ratchet.xor(tagBlock, 1);
    const [tag = 0] = opened;
    opened.set(sealed.subarray(0, 1));
    const mac = this.#ratchet.mac(this.#associatedData, opened, ciphertext);
    if (!equalSecret(mac, sealed.subarray(-macBytes))) return undefined;
    const chunk = this.#ratchet.xor(ciphertext, 2);
    this.#ratchet.advance(mac, tag);
    if (tag !== tags.final && tag !== tags.message) return undefined;
    return { chunk, final: tag === tags.final };
  }
}

/** Computes SHA-256 of bytes that arrive in pieces. */
export class RunningSha256 {
  readonly #state = sha256.create();

  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  /** Call it once. You cannot add bytes afterwards. */
  digest(): Uint8Array {
    return this.#state.digest();
  }
}
