import sodium, { type StateAddress } from "libsodium-wrappers-sumo";

// Wait for `ready` of ../sodium.ts before you use these functions. Browsers use
// `secret-stream.browser.ts` instead.

/** The length of the header and the overhead of a chunk, in bytes. */
export const streamSizes = { key: 32, header: 24, perChunk: 17 } as const;

/** Seals chunks in order with libsodium's secretstream (XChaCha20-Poly1305). */
export class StreamSealer {
  readonly header: Uint8Array;
  readonly #state: StateAddress;
  readonly #associatedData: Uint8Array;

  constructor(key: Uint8Array, associatedData: Uint8Array) {
    const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
    this.header = header;
    this.#state = state;
    this.#associatedData = associatedData;
  }

  /** @param final marks the stream's last chunk; an opener refuses a stream without one */
  seal(chunk: Uint8Array, final: boolean): Uint8Array {
    return sodium.crypto_secretstream_xchacha20poly1305_push(
      this.#state,
      chunk,
      this.#associatedData,
      final
        ? sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
        : sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
    );
  }
}

export class StreamOpener {
  readonly #state: StateAddress;
  readonly #associatedData: Uint8Array;

  constructor(header: Uint8Array, key: Uint8Array, associatedData: Uint8Array) {
    this.#state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
    this.#associatedData = associatedData;
  }

  /** Returns undefined for anything except the stream's next chunk with a known tag. */
  open(sealed: Uint8Array): { readonly chunk: Uint8Array; readonly final: boolean } | undefined {
    if (sealed.length < streamSizes.perChunk) return undefined;
    const opened = sodium.crypto_secretstream_xchacha20poly1305_pull(
      this.#state,
      sealed,
      this.#associatedData,
    );
    if (opened === false) return undefined;
    switch (opened.tag) {
      case sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL:
        return { chunk: opened.message, final: true };
      case sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE:
        return { chunk: opened.message, final: false };
      default:
        return undefined;
    }
  }
}

/** Computes SHA-256 of bytes that arrive in pieces. */
export class RunningSha256 {
  readonly #state = sodium.crypto_hash_sha256_init();

  update(bytes: Uint8Array): void {
    sodium.crypto_hash_sha256_update(this.#state, bytes);
  }

  /** Call it once. You cannot add bytes afterwards. */
  digest(): Uint8Array {
    return sodium.crypto_hash_sha256_final(this.#state);
  }
}
