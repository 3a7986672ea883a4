import { LogError } from "../../audit/verify/log-error.ts";
import { verifyInclusion } from "../../audit/verify/proofs.ts";
import type { TreeHead } from "../../audit/verify/checkpoint.ts";
import { leafHash } from "../../audit/verify/tree-hash.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { decodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import { deviceRecordBytes } from "../../crypto/wire/signed-records.ts";
import type { TenantId, UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import { deviceChecks } from "./checks.ts";
import type { ConfirmedList } from "./confirmed-list.ts";

/** An entry as the server returns it, with its inclusion proof. */
export interface ProvenEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The log's entries about one user. Every entry is proven. */
export interface ProvenEntries {
  /** Entries by version, from 1 on. */
  readonly entries: readonly KeyEntry[];
  /** RFC 9162 leaf hashes of these entries. */
  readonly leaves: readonly Uint8Array[];
  /** The indexes of these entries in the log, in ascending order. */
  readonly indexes: readonly number[];
}

/** What the log's entries say about one user. */
export interface KeyHistory extends ProvenEntries {
  /** The entries by which a device rightfully came to the account. */
  readonly arrivals: readonly KeyEntry[];
  /**
   * The newest list of the user's devices, if the account signed it for the devices that these entries
   * name, and this device has seen no newer one.
   */
  readonly list: ConfirmedList | undefined;
}

const noEntries: ProvenEntries = { entries: [], leaves: [], indexes: [] };

/** The history of a user of whom the log has no entry. */
export const noHistory: KeyHistory = {
  ...noEntries,
  arrivals: [],
  list: undefined,
};

/**
 * Checks that every entry is in the tree of `head`, that all are about `who`, and that none is
 * missing between the first and the last. Who came by the entries is judged once, when all pages are there: see
 * `approvedArrivals`.
 * @param before those before these entries, if they are a later page
 * @throws LogError invalid_proof, malformed, missing
 */
export function verifyHistory(
  proven: readonly ProvenEntry[],
  head: TreeHead,
  who: { readonly tenant: TenantId; readonly user: UserId },
  before: ProvenEntries = noEntries,
): ProvenEntries {
  const leaves = verifyPlaces(proven, head, before.indexes.at(-1));
  const entries = proven.map(({ index, entry }) => decodedAt(index, entry, decodeKeyEntry));
  entries.forEach(({ version, record }, at) => {
    const place = `entry ${proven[at]?.index ?? 0}`;
    if (record.user !== who.user || record.tenant !== who.tenant)
      throw new LogError("malformed", place, "is about somebody else.");
    const expected = before.entries.length + at + 1;
    if (version !== expected)
      throw new LogError("missing", place, `has version ${version}, not ${expected}.`);
  });
  return {
    entries: [...before.entries, ...entries],
    leaves: [...before.leaves, ...leaves],
    indexes: [...before.indexes, ...proven.map(({ index }) => index)],
  };
}

/**
 * Checks that every entry is in the tree of `head`, in ascending order.
 * @param last the index of the entry before the first
 * @returns the RFC 9162 leaf hashes
 * @throws LogError invalid_proof, malformed
 */
export function verifyPlaces(
  proven: readonly ProvenEntry[],
  head: TreeHead,
  last = -1,
): readonly Uint8Array[] {
  const { sha256 } = deviceChecks;
  return proven.map(({ index, entry, proof }, at) => {
    const leaf = leafHash(sha256, entry);
    verifyInclusion(sha256, { leaf, index, proof }, head);
    if (index <= (proven[at - 1]?.index ?? last))
      throw new LogError("malformed", `entry ${index}`, "stands before an earlier version.");
    return leaf;
  });
}

/**
 * Decodes an entry of the log.
 * @throws LogError malformed
 */
export function decodedAt<T>(
  index: number,
  entry: Uint8Array,
  decode: (entry: Uint8Array) => T,
): T {
  try {
    return decode(entry);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new LogError("malformed", `entry ${index}`, "is not one of a key log.", { cause });
  }
}

/** Returns the account keys that the account had up to the first entry of this one, which is the last. */
export function keysUntil(
  history: Pick<KeyHistory, "entries"> | undefined,
  accountKey: Uint8Array,
): readonly Uint8Array[] {
  const keys = (history?.entries ?? []).map(({ record }) => record.accountKey);
  const end = keys.findIndex((key) => equalBytes(key, accountKey));
  return [...keys.slice(0, Math.max(0, end)), accountKey];
}

/** Returns whether the log has an entry about the device. */
export const isEntered = ({ entries }: KeyHistory, device: DeviceId): boolean =>
  entries.some(({ record }) => record.device === device);

/** Returns true if the log's last entry about the device says that it was removed. */
export const isRemoved = ({ entries }: KeyHistory, device: DeviceId): boolean =>
  entries.findLast(({ record }) => record.device === device)?.change === "device_removed";

/** Returns true if the entry has exactly this record and certificate. */
const isOf = (entry: KeyEntry, { record, signature }: CertifiedDevice): boolean =>
  equalBytes(deviceRecordBytes(entry.record), deviceRecordBytes(record)) &&
  equalBytes(entry.certificate, signature);

/**
 * Returns true if the log says that exactly this device rightfully came to the account, under one of the
 * trusted keys or before the first of them. Entries under a key between two trusted ones do not count,
 * because nobody compared that key. Neither do later ones: no holder of the account made them. A trusted key ends with
 * the first entry under the next trusted one. The device may have been removed since.
 * @param trusted account keys of the user that this device trusts or has trusted; if there is none, the whole
 *   log is searched
 */
export function cameRightfully(
  { entries, arrivals }: KeyHistory,
  device: CertifiedDevice,
  trusted: readonly Uint8Array[],
): boolean {
  const isTrusted = ({ record }: KeyEntry) =>
    trusted.some((key) => equalBytes(record.accountKey, key));
  const begin = trusted.length === 0 ? entries.length : entries.findIndex(isTrusted);
  return arrivals.some(
    (entry) =>
      isOf(entry, device) &&
      (entries.indexOf(entry) < begin || (isTrusted(entry) && !isReplaced(entry))),
  );

  /** Returns whether the first entry under another trusted key stands between the first under this key and this one. */
  function isReplaced(entry: KeyEntry): boolean {
    const isOfKey = ({ record }: KeyEntry) =>
      equalBytes(record.accountKey, entry.record.accountKey);
    const since = entries.slice(entries.findIndex(isOfKey), entries.indexOf(entry));
    return since.some((each) => isTrusted(each) && !isOfKey(each));
  }
}

/**
 * Returns true if the log says that exactly this device, under exactly this account key, is
 * current, and the account has signed so: it was rightfully added and never removed, no other account
 * key has followed, and it is in the newest list. After a reset the former key is never valid again,
 * even if a server would accept it.
 */
export function isLogged(
  { entries, arrivals, list }: KeyHistory,
  device: CertifiedDevice,
): boolean {
  const { record } = device;
  const isOfKey = (entry: KeyEntry) => equalBytes(entry.record.accountKey, record.accountKey);
  const last = entries.findLast((entry) => entry.record.device === record.device);
  return (
    last !== undefined &&
    arrivals.includes(last) &&
    entries.slice(entries.findIndex(isOfKey)).every(isOfKey) &&
    isOf(last, device) &&
    list?.devices.has(record.device) === true
  );
}
