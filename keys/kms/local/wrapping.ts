import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import { notUnwrapped, WRAPPED_KEY_BYTES } from "../kms-errors.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The parts that a wrapped key is bound to. */
interface Binding {
  readonly key: string;
  readonly version: number;
  readonly context: Uint8Array;
}

// Returns the associated data of a binding. A name contains no NUL, so two bindings never give the
// same bytes.
const associated = ({ key, version, context }: Binding): Uint8Array =>
  concat(utf8(`sealdesk/kms/wrap/v1\0${key}\0${version}\0`), context);

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce. The result is nonce, ciphertext and tag, 60
 * bytes.
 */
export function sealBox(secret: Uint8Array, plain: Uint8Array, binding: Binding): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce);
  cipher.setAAD(associated(binding));
  return concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/**
 * Opens the result of `sealBox`.
 * @throws KeysError kms_refused
 */
export function openBox(secret: Uint8Array, bytes: Uint8Array, binding: Binding): Uint8Array {
  if (bytes.length !== NONCE_BYTES + WRAPPED_KEY_BYTES + TAG_BYTES) throw notUnwrapped();
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(binding));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return concat(decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final());
  } catch (cause) {
    throw notUnwrapped(cause);
  }
}
