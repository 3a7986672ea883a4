/**
 * The browser's version of `secret-stream.ts`. It builds libsodium's secretstream from noble's
 * ChaCha20 and Poly1305, as libsodium's documentation and source describe it. A test compares the
 * two in both directions.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { equalSecret, randomBytes } from "../sodium.browser.ts";
import { blockBytes, StreamRatchet, tags } from "./stream-ratchet.browser.ts";

/** The length of the header and the overhead of a chunk, in bytes. */
export const streamSizes = { key: 32, header: 24, perChunk: 17 } as const;

const macBytes = 16;

/** Seals chunks in order with libsodium's secretstream (XChaCha20-Poly1305). */
export class StreamSealer {
  readonly header: Uint8Array;
  readonly #ratchet: StreamRatchet;
  readonly #associatedData: Uint8Array;

  constructor(key: Uint8Array, associatedData: Uint8Array) {
    this.header = randomBytes(streamSizes.header);
    this.#ratchet = new StreamRatchet(key, this.header);
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
  readonly #ratchet: StreamRatchet;
  readonly #associatedData: Uint8Array;

  constructor(header: Uint8Array, key: Uint8Array, associatedData: Uint8Array) {
    this.#ratchet = new StreamRatchet(key, header);
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
