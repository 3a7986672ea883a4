import type { TreeHead } from "../../audit/verify/checkpoint.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import {
  decodeAuthorityEntry,
  handoverBytes,
  type AuthorityEntry,
} from "../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { deviceChecks } from "./checks.ts";
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

/** The authority as a device trusts it. */
export interface TrustedAuthority {
  /** The key that it signs with; undefined if it has none. */
  readonly current: Uint8Array | undefined;
  /** The first key that the log has although the trusted one did not hand over to it. */
  readonly intruder: Uint8Array | undefined;
}

/**
 * Follows the handovers from the key that this device trusts. A key that was added without the
 * signature of the trusted one is passed over. Whoever can write to the log must not be able to stop
 * the trusted key from handing over or from being retired.
 * @param anchor the key that is trusted
 */
export function followHandovers(
  entries: readonly AuthorityEntry[],
  anchor: Uint8Array,
): TrustedAuthority {
  const isAnchor = ({ change, authorityKey }: AuthorityEntry) =>
    change === "added" && equalBytes(authorityKey, anchor);
  const begin = entries.findIndex(isAnchor);
  if (begin === -1) {
    const other = entries.findLast(({ change }) => change === "added");
    return { current: undefined, intruder: other?.authorityKey };
  }
  let current: Uint8Array | undefined = anchor;
  let intruder: Uint8Array | undefined;
  for (const { change, tenant, authorityKey, handover } of entries.slice(begin + 1)) {
    if (change === "retired") {
      if (current !== undefined && equalBytes(authorityKey, current)) current = undefined;
      continue;
    }
    const isHandedOver: boolean =
      current !== undefined &&
      handover !== undefined &&
      deviceChecks.verifyEd25519(
        current,
        handoverBytes(tenant, { from: current, to: authorityKey }),
        handover,
      );
    if (isHandedOver) current = authorityKey;
    else intruder ??= authorityKey;
  }
  return { current, intruder };
}
