import type { CheckedLog } from "../../audit/read/checked-log.ts";
import { proveEntries } from "../../audit/read/prove-entries.ts";
import type { ProvenEntry } from "../../audit/verify/certificate/certificate.ts";
import { parseId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { ItemRow } from "./erasure-rows.ts";

export type ErasedRow = Extract<ItemRow, { readonly outcome: "erased" }>;

export const isErased = (item: ItemRow): item is ErasedRow => item.outcome === "erased";

/**
 * Returns the entries that record the items with their proofs, and the event id of each stored entry; undefined if the log has
 * not signed all of them yet.
 */
export async function proveItems(
  client: Client,
  log: CheckedLog,
  erased: readonly ErasedRow[],
): Promise<
  | { readonly events: ReadonlyMap<number, Uuid>; readonly entries: readonly ProvenEntry[] }
  | undefined
> {
  const ids = [...new Set(erased.map(({ entry }) => entry))];
  const found = await proveEntries(client, log, ids);
  if (found === undefined) return undefined;
  const events = new Map(
    found.map(({ id, entry }) => [
      id,
      parseId<Uuid>((JSON.parse(entry) as { eventId: string }).eventId),
    ]),
  );
  return { events, entries: found.map(({ entry, index, proof }) => ({ entry, index, proof })) };
}
