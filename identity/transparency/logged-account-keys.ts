import { decodeKeyEntry, encodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

const ENTRIES = `
  select e.entry from key_entries k join audit.entries e on e.id = k.entry where k.user_id = $1`;

/** Returns every account key that the key log has ever named for the user, with repetitions. */
export async function loggedAccountKeys(
  client: Client,
  user: UserId,
): Promise<readonly Uint8Array[]> {
  return (await entriesOf(client, user)).map(({ record }) => record.accountKey);
}

/**
 * Returns the account key under which a device came to the user, or undefined if no such device was
 * logged.
 */
export async function certifyingKeyOf(
  client: Client,
  user: UserId,
  device: DeviceId,
): Promise<Uint8Array | undefined> {
  const entries = await entriesOf(client, user);
  return entries.find(({ record }) => record.device === device)?.record.accountKey;
}

/** Returns the entry of the key log by which a device came to the user, or undefined if no such device was logged. */
export async function arrivalOf(
  client: Client,
  user: UserId,
  device: DeviceId,
): Promise<KeyEntry | undefined> {
  const entries = await entriesOf(client, user);
  return entries.find(
    ({ change, record }) => change === "device_added" && record.device === device,
  );
}

/**
 * Returns the entries of the key log by which a device came to its account: from the account's first device on, each
 * approved by the one before it.
 * @returns canonical texts; none if the key log does not have them
 */
export async function entriesOfArrival(
  client: Client,
  user: UserId,
  device: DeviceId,
): Promise<readonly Uint8Array[]> {
  const arrivals = (await entriesOf(client, user)).filter(
    ({ change }) => change === "device_added",
  );
  const found: KeyEntry[] = [];
  for (let next: DeviceId | undefined = device; next !== undefined;) {
    const entry = arrivals.find(({ record }) => record.device === next);
    if (entry === undefined || found.includes(entry)) return [];
    found.unshift(entry);
    next = entry.approval?.device;
  }
  return found.map(encodeKeyEntry);
}

async function entriesOf(client: Client, user: UserId): Promise<readonly KeyEntry[]> {
  const { rows } = await client.query<{ entry: Uint8Array }>(ENTRIES, [user]);
  return rows.map(({ entry }) => decodeKeyEntry(entry));
}
