import { concat, copyOf, utf8 } from "../wire/bytes.ts";
import { StoreError } from "./store-error.ts";
import { aeadOpen, aeadSeal, aeadSizes, randomBytes, zeroise } from "./sodium.ts";

/**
 * Seals the store's values: nonce || XChaCha20-Poly1305-IETF, under a random 24-byte nonce. The key
 * name is associated data, so a value that is moved to another name does not open. An older value
 * of the same name does open: the seal has no version counter.
 */
export class ValueSeal {
  readonly #key: Uint8Array;
  #wiped = false;

  /** Copies the 32-byte key; the caller may wipe its own. */
  constructor(key: Uint8Array) {
    if (key.length !== aeadSizes.key)
      throw new StoreError("wrong_key", "A store key has 32 bytes.");
    this.#key = copyOf(key);
  }

  /** @throws StoreError closed */
  seal(name: string, value: Uint8Array): Uint8Array {
    this.#assertKey();
    const nonce = randomBytes(aeadSizes.nonce);
    return concat(nonce, aeadSeal(this.#key, nonce, value, associatedData(name)));
  }

  /** @throws StoreError damaged, closed */
  open(name: string, sealed: Uint8Array): Uint8Array {
    this.#assertKey();
    const nonce = sealed.subarray(0, aeadSizes.nonce);
    try {
      return aeadOpen(this.#key, nonce, sealed.subarray(aeadSizes.nonce), associatedData(name));
    } catch (cause) {
      throw new StoreError("damaged", "A stored value does not open.", { cause });
    }
  }

  wipe(): void {
    zeroise(this.#key);
    this.#wiped = true;
  }

  /** A wiped key is all zeros and would still seal and open. */
  #assertKey(): void {
    if (this.#wiped) throw new StoreError("closed", "The store's key was wiped.");
  }
}

const associatedData = (name: string): Uint8Array => utf8(`sealdesk/store/v1\0${name}`);
