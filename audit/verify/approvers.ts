/** The people who may approve that a database was restored from a backup. Two of them must. */
import { equalBytes, toHex } from "../../crypto/wire/bytes.ts";
import { LogError } from "./log-error.ts";
import { KEY_TYPES, keyIdOf, parseVkey, type NoteKey } from "./note.ts";
import type { Sha256 } from "./tree-hash.ts";

/** The number of different people who must approve a restore. */
export const APPROVALS = 2;
const MOST_APPROVERS = 32;

/** Everyone who checks a log reads these names. They fit into lists and cannot be mistaken. */
export const isApproverName = (name: string): boolean => /^[\w.@/:-]{1,100}$/.test(name);

/**
 * Reads verifier keys of approvers.
 * @returns the keys in the order of their names
 * @throws LogError malformed, also if a name or a key appears twice, or if there are too few
 */
export function parseApprovers(sha256: Sha256, vkeys: readonly string[]): NoteKey[] {
  const keys = vkeys.map((vkey) => parseVkey(sha256, vkey));
  assertApprovers(keys);
  return keys.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws LogError malformed */
export function assertApprovers(keys: readonly NoteKey[]): void {
  const refused = (why: string) => new LogError("malformed", "approvers", why);
  if (keys.some(({ type }) => type !== KEY_TYPES.ed25519)) throw refused("have an unusable key.");
  if (!keys.every(({ name }) => isApproverName(name)))
    throw refused("have a name with other characters than letters, digits and . _ @ / : -");
  const names = new Set(keys.map(({ name }) => name));
  const publicKeys = new Set(keys.map(({ publicKey }) => toHex(publicKey)));
  if (names.size < keys.length || publicKeys.size < keys.length)
    throw refused("are not different people: a name or a key appears twice.");
  if (keys.length < APPROVALS || keys.length > MOST_APPROVERS)
    throw refused(`must be ${APPROVALS} to ${MOST_APPROVERS}.`);
}

/** Returns the form in which logs and devices name an approver: the name and the id of the key. */
export const approverName = (sha256: Sha256, key: NoteKey): string =>
  `${key.name}+${toHex(keyIdOf(sha256, key))}`;

export const isSameKey = (one: NoteKey, other: NoteKey): boolean =>
  one.name === other.name && one.type === other.type && equalBytes(one.publicKey, other.publicKey);
