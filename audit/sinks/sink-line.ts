import { entryMember } from "../export/entry-text.ts";
import { nodeChecks } from "../node-checks.ts";
import { toBase64 } from "../verify/base64.ts";
import { leafHash } from "../verify/tree-hash.ts";
import type { DeliveredEntry } from "./sink.ts";

/**
 * Returns an entry as one line of JSON: the name of its log, its index there, the hash of its leaf (RFC 9162, base64),
 * and the entry as it was hashed. These three name an entry for ever, so a receiver can leave out what it was given
 * twice. After a declared restore of the database, another entry may have the same index.
 */
export function sinkLine({ origin, index, entry }: DeliveredEntry): string {
  const leaf = toBase64(leafHash(nodeChecks.sha256, entry));
  return `{"log":${JSON.stringify(origin)},"index":${index},"leaf":"${leaf}",${entryMember(entry)}}`;
}
