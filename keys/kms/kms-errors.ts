import { KeysError } from "../keys-error.ts";

export const refused = (message: string, cause?: unknown): KeysError =>
  new KeysError("kms_refused", message, { cause });

/** Says no more than that: what was wrong would help whoever tries. */
export const notUnwrapped = (cause?: unknown): KeysError =>
  refused("The wrapped key is not one of this key, version and context.", cause);

export const keyNotFound = (key: string): KeysError =>
  new KeysError("kms_key_not_found", `The key service has no key ${key}.`);

export const keyDestroyed = (key: string, version: number): KeysError =>
  new KeysError("kms_key_destroyed", `Version ${version} of key ${key} was destroyed.`);

export const wrongKind = (key: string): KeysError =>
  refused(`The key ${key} is not of the kind that this takes.`);

/** The length of every key that is wrapped, in bytes. */
export const WRAPPED_KEY_BYTES = 32;

/** @throws KeysError kms_refused */
export function insistOnName(key: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,127}$/.test(key))
    throw refused("A key's name has small letters, digits and hyphens, at most 128.");
}

/** @throws KeysError kms_refused */
export function insistOnKeyLength(plain: Uint8Array): void {
  if (plain.length !== WRAPPED_KEY_BYTES)
    throw refused(`What is wrapped has ${WRAPPED_KEY_BYTES} bytes.`);
}
