import type { TreeHead } from "../../audit/verify/checkpoint.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import { decodeAuthorityEntry, type AuthorityEntry } from "../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { decodedAt, verifyPlaces, type KeyHistory, type ProvenEntry } from "./key-history.ts";

/** The log's entries about the keys of the tenant's authority. Every entry is proven. */
export interface AuthorityHistory extends Pick<KeyHistory, "leaves" | "indexes"> {
  /** Entries by version, from 1 on. */
  readonly entries: readonly AuthorityEntry[];
}

/**
 * Checks that every entry is in the tree of `head`, that all are about the tenant, and that none is
 * missing between the first and the last.
 * @throws LogError invalid_proof, malformed, missing
 */
export function verifyAuthority(
  proven: readonly ProvenEntry[],
  head: TreeHead,
  tenant: TenantId,
): AuthorityHistory {
  const leaves = verifyPlaces(proven, head);
  const entries = proven.map(({ index, entry }) => decodedAt(index, entry, decodeAuthorityEntry));
  entries.forEach((entry, at) => {
    const place = `entry ${proven[at]?.index ?? 0}`;
    if (entry.tenant !== tenant) throw new LogError("malformed", place, "is about another tenant.");
    if (entry.version !== at + 1)
      throw new LogError("missing", place, `has version ${entry.version}, not ${at + 1}.`);
  });
  return { entries, leaves, indexes: proven.map(({ index }) => index) };
}
