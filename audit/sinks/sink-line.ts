import { entryMember } from "../export/entry-text.ts";
import type { DeliveredEntry } from "./sink.ts";

/**
 * Returns an entry as one line of JSON: the name of its log, its index there, and the entry as it was hashed.
 * The log and the index together name an entry for ever, so a receiver can leave out what it was given twice.
 */
export const sinkLine = ({ origin, index, entry }: DeliveredEntry): string =>
  `{"log":${JSON.stringify(origin)},"index":${index},${entryMember(entry)}}`;
