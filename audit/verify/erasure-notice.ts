/** What a device is told of an erasure, with the proof that the server destroyed the keys. */
import { isId, type CaseId, type ConversationId, type TenantId } from "../../crypto/wire/ids.ts";
import type { ProvenEntry } from "./certificate/certificate.ts";
import type { TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { Checks } from "./note.ts";
import { openProven, type Facts } from "./proven-entry.ts";

/** The erasure, and the entries of the audit log that record which keys it destroyed. */
export interface ErasureNotice {
  readonly id: CaseId;
  readonly entries: readonly ProvenEntry[];
}

/** The messages of a conversation that the server got within one period: see `periodOf`. */
export interface ErasedPeriod {
  readonly conversation: ConversationId;
  readonly period: number;
}

/** Who destroys keys for an erasure: its steps, and the ledger in a database that was put back. */
const erasers: readonly unknown[] = ["erasures", "erasure-ledger"];

/**
 * Returns what a notice says was erased. Each entry must be in the tenant's audit log, and record that an erasure destroyed
 * keys.
 * @param head a head of the log that the log's key signed
 * @throws LogError invalid_proof, malformed, mismatch
 */
export function openErasureNotice(
  checks: Checks,
  { entries }: ErasureNotice,
  where: { readonly head: TreeHead; readonly tenant: TenantId },
): readonly ErasedPeriod[] {
  return entries.flatMap((entry, at) => {
    const place = `entries[${at}]`;
    return scopesOf(openProven(checks, entry, { ...where, place }), place);
  });
}

function scopesOf(
  { action, outcome, actor, details }: Facts,
  place: string,
): readonly ErasedPeriod[] {
  const { scopes } = details;
  const isErasure =
    action === "keys.destroy" &&
    outcome === "success" &&
    actor["kind"] === "system" &&
    erasers.includes(actor["id"]);
  if (!isErasure || !Array.isArray(scopes))
    throw new LogError("mismatch", place, "does not record that an erasure destroyed keys.");
  return scopes.map((scope: unknown) => {
    const [conversation, period] = Array.isArray(scope) ? (scope as unknown[]) : [];
    if (!isId<ConversationId>(conversation) || !Number.isSafeInteger(period))
      throw new LogError("malformed", place, "does not name conversations and periods.");
    return { conversation, period: period as number };
  });
}
