import type { Archive } from "./archive.ts";
import type { Archived } from "./archived-event.ts";
import type { RecordPlace } from "./record.ts";

/**
 * Returns what the archive has of a conversation, in order. After a restore of the server from a backup, the events that
 * it took away are left out: others have their numbers.
 * @param onRecord called before each record is read, with its first event
 * @throws ArchiverError record_damaged
 */
export async function readConversation(
  archive: Archive,
  places: readonly RecordPlace[],
  onRecord: (from: number) => void = () => undefined,
): Promise<readonly Archived[]> {
  let archived: Archived[] = [];
  let restores = 0;
  for (const place of places) {
    onRecord(place.from);
    if (place.restores > restores) archived = archived.filter(({ seq }) => seq < place.from);
    restores = place.restores;
    archived.push(...((await archive.read(place)) ?? []));
  }
  return archived;
}
