import { toHex } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../node-checks.ts";
import { LogError } from "../verify/log-error.ts";
import { KEY_TYPES, keyIdOf, parseVkey, type NoteKey } from "../verify/note.ts";

/** How many different people must approve a restore. */
export const APPROVALS = 2;

const MOST_APPROVERS = 32;

/**
 * Reads the verifier keys of the people who may approve a restore, separated by commas or spaces.
 * @returns the keys in the order of their names
 * @throws LogError malformed, also if a name or a key appears twice, or if there are too few
 */
export function parseApprovers(text: string): NoteKey[] {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((vkey) => parseVkey(nodeChecks.sha256, vkey));
  assertApprovers(keys);
  return keys.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws LogError malformed */
export function assertApprovers(keys: readonly NoteKey[]): void {
  const refused = (why: string) => new LogError("malformed", "approvers", why);
  if (keys.some(({ type }) => type !== KEY_TYPES.ed25519)) throw refused("have an unusable key.");
  const names = new Set(keys.map(({ name }) => name));
  const publicKeys = new Set(keys.map(({ publicKey }) => toHex(publicKey)));
  if (names.size < keys.length || publicKeys.size < keys.length)
    throw refused("are not different people: a name or a key appears twice.");
  if (keys.length < APPROVALS || keys.length > MOST_APPROVERS)
    throw refused(`must be ${APPROVALS} to ${MOST_APPROVERS}.`);
}

/** How logs and devices name an approver: the name and the id of the key. */
export const approverName = (key: NoteKey): string =>
  `${key.name}+${toHex(keyIdOf(nodeChecks.sha256, key))}`;
