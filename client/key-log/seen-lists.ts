import { equalBytes } from "../../crypto/wire/bytes.ts";
import { listValidityMs, type ListSignature } from "../../crypto/wire/device-list.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import { fixed, message, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { noteRemoved } from "../device/removed-devices.ts";
import { confirmedList, devicesRemoved, type ConfirmedList } from "./confirmed-list.ts";
import type { KeyHistory } from "./key-history.ts";

const nameOf = (user: UserId): string => `device-list!${user}`;
/** A list under an account key that this device does not trust. A person may accept the key later. */
const offeredNameOf = (user: UserId): string => `offered-device-list!${user}`;

const record = message({
  accountKey: [1, fixed(32)],
  version: [2, uint()],
  issuedAtMs: [3, uint()],
  validUntilMs: [4, uint()],
  seenAtMs: [5, uint()],
  isHeard: [6, uint(1)],
});

/**
 * The newest list of a user's devices that this device has seen. `seenAtMs` is when it saw the list
 * first, by its local clock. `isHeard` is 1 if the user wrote after the list had expired.
 */
export type SeenList = MessageOf<typeof record>;

/** Clocks of devices differ. A list is used for so much longer than it says. */
const toleranceMs = 86_400_000;
/** The time before its end at which this device asks for a newer list: an account renews it earlier. */
const refreshMs = 10 * 86_400_000;

/**
 * Returns the newest list under the account key that this device trusts for the user. A list under
 * another key does not count. If this device knows no key of the user, any list counts.
 */
export async function loadSeenList(
  transaction: Pick<ReadTransaction, "get">,
  user: UserId,
): Promise<SeenList | undefined> {
  return loadListOf(transaction, user, await knownAccountKey(transaction, user));
}

async function loadListOf(
  transaction: Pick<ReadTransaction, "get">,
  user: UserId,
  accountKey: Uint8Array | undefined,
): Promise<SeenList | undefined> {
  for (const name of [nameOf(user), offeredNameOf(user)]) {
    const value = await transaction.get(name);
    const list = value && decodeRecord(record, value);
    if (list && (accountKey === undefined || equalBytes(list.accountKey, accountKey))) return list;
  }
  return undefined;
}

/**
 * Records a list that this device has seen. An older list than the recorded one changes nothing. A list
 * under a key that this device does not trust is kept apart, and does not replace the trusted one.
 * @returns whether the list is the newest that this device has seen under its key
 */
export async function noteList(
  transaction: StoreTransaction,
  user: UserId,
  list: Omit<ConfirmedList, "devices">,
  seenAtMs: number,
): Promise<boolean> {
  const { accountKey, version, issuedAtMs, validUntilMs } = list;
  const known = await loadListOf(transaction, user, accountKey);
  if (known !== undefined && version <= known.version) return version === known.version;
  const seen = { accountKey, version, issuedAtMs, validUntilMs, seenAtMs, isHeard: 0 };
  const trusted = await knownAccountKey(transaction, user);
  const isTrusted = trusted === undefined || equalBytes(trusted, accountKey);
  transaction.put(isTrusted ? nameOf(user) : offeredNameOf(user), encodeRecord(record, seen));
  return true;
}

/**
 * Records what a user's entries and list say: the list, and the devices that were removed.
 * @param shown the newest list, as the server shows it
 * @returns the list, or undefined if the account did not sign it, or if this device has seen a newer one
 */
export async function noteDevices(
  transaction: StoreTransaction,
  user: UserId,
  {
    entries,
    arrivals,
    shown,
  }: Pick<KeyHistory, "entries" | "arrivals"> & { readonly shown: ListSignature | undefined },
  nowMs: number,
): Promise<ConfirmedList | undefined> {
  await noteRemoved(transaction, devicesRemoved(entries));
  const list = confirmedList(entries, shown, arrivals);
  const isNewest = list !== undefined && (await noteList(transaction, user, list, nowMs));
  return isNewest ? list : undefined;
}

/** Records that a user wrote. It matters only once their list has expired. */
export async function noteHeard(
  transaction: StoreTransaction,
  user: UserId,
  nowMs: number,
): Promise<void> {
  const known = await loadSeenList(transaction, user);
  if (known === undefined || known.isHeard === 1 || !isExpired(known, nowMs)) return;
  transaction.put(nameOf(user), encodeRecord(record, { ...known, isHeard: 1 }));
}

/**
 * Returns when this device no longer takes the list for the account's. A signer's clock that is ahead
 * does not make a list last.
 */
const endOf = ({ validUntilMs, seenAtMs }: SeenList): number =>
  Math.min(validUntilMs, seenAtMs + listValidityMs) + toleranceMs;

export const isExpired = (list: SeenList, nowMs: number): boolean => nowMs >= endOf(list);

/** Returns when this device should ask for a newer list. */
export const refreshAtMs = (list: SeenList): number => endOf(list) - toleranceMs - refreshMs;

/**
 * Returns whether nothing may be sealed for the user's devices, as far as this device knows.
 *
 * An account that nobody uses cannot renew its list. A customer who is away still gets what is written to
 * the devices that this device knew when the list was valid, until the customer writes: then the account
 * is in use, and a list that is not renewed is withheld. Nothing is sealed for staff whose list has
 * expired, because others go on talking without them.
 */
export function isUnconfirmed(list: SeenList | undefined, role: string, nowMs: number): boolean {
  if (list === undefined) return true;
  if (!isExpired(list, nowMs)) return false;
  const wasKnown = !isExpired(list, list.seenAtMs);
  return role !== "customer" || list.isHeard === 1 || !wasKnown;
}
