import { KeysError } from "../keys-error.ts";

export const refused = (message: string, cause?: unknown): KeysError =>
  new KeysError("kms_refused", message, { cause });

/** Returns an error without details, because details would help an attacker. */
export const notUnwrapped = (cause?: unknown): KeysError =>
  refused("The wrapped key is not one of this key, version and context.", cause);

export const keyNotFound = (key: string): KeysError =>
  new KeysError("kms_key_not_found", `The key service has no key ${key}.`);

export const keyDestroyed = (key: string, version: number): KeysError =>
  new KeysError("kms_key_destroyed", `Version ${version} of key ${key} was destroyed.`);

export const wrongKind = (key: string): KeysError =>
  refused(`The key ${key} is not of the kind that this operation needs.`);

/** The length of every wrapped key, in bytes. */
export const WRAPPED_KEY_BYTES = 32;

/**
 * Checks the name of a key.
 * @throws KeysError kms_refused
 */
export function assertLogName(key: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,127}$/.test(key))
    throw refused(
      "A key's name has small letters, digits and hyphens, and at most 128 characters.",
    );
}

/**
 * Checks the length of a key to wrap.
 * @throws KeysError kms_refused
 */
export function assertKeyLength(plain: Uint8Array): void {
  if (plain.length !== WRAPPED_KEY_BYTES)
    throw refused(`A key to wrap has ${WRAPPED_KEY_BYTES} bytes.`);
}
