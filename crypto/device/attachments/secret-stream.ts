import sodium, { type StateAddress } from "libsodium-wrappers-sumo";

// What is below works once `ready` of ../sodium.ts has resolved. Browsers get `secret-stream.browser.ts`.

/** Bytes of the header, and by how much a chunk grows. */
export const streamSizes = { key: 32, header: 24, perChunk: 17 } as const;

/** Seals chunks in order: libsodium's secretstream, XChaCha20-Poly1305. */
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

  /** @param final marks the stream's last chunk; without one, an opener refuses the stream */
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

  /** Undefined for anything but the next chunk of the stream, with a tag of ours. */
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

/** SHA-256 of bytes that come in pieces. */
export class RunningSha256 {
  readonly #state = sodium.crypto_hash_sha256_init();

  update(bytes: Uint8Array): void {
    sodium.crypto_hash_sha256_update(this.#state, bytes);
  }

  /** Once; nothing can be added afterwards. */
  digest(): Uint8Array {
    return sodium.crypto_hash_sha256_final(this.#state);
  }
}
