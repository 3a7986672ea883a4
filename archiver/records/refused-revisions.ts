import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Archived, ArchivedEvent } from "./archived-event.ts";
import { bodyOf } from "./body-of.ts";

/** The number of edits and deletions of one message by one user that are considered. */
const mostRevisions = 100;
/** What the archiver's device says of a correction, an edit or a deletion that does not count. */
const refusals: readonly string[] = ["revision_refused", "correction_unlinked"];

/** A message that others may revise, and what its sender did with it. */
interface Original {
  readonly event: ArchivedEvent;
  readonly kind: NonNullable<ReturnType<typeof bodyOf>>["kind"] | undefined;
  revisions: number;
  isDeleted: boolean;
}

/**
 * Returns the numbers of the corrections, edits and deletions of a conversation that do not count (R35, R36 in
 * docs/receiver.md). How long a message may be revised is known to the device that archived it only, so that is taken
 * from its notes.
 */
export function refusedRevisions(archived: readonly Archived[]): ReadonlySet<number> {
  const originals = new Map<number, Original>();
  const refused = new Set<number>();
  for (const event of archived) {
    if (event.type === "gap") continue;
    originals.set(event.seq, originalOf(event));
    const body = bodyOf(event);
    if (body === undefined || !("target" in body)) continue;
    const { kind: as, target } = body;
    const original = originals.get(target.seq);
    const isNoted = event.problems.some((code) => refusals.includes(code));
    const isPlaced = target.seq >= 1 && target.seq < event.seq;
    const counts = !isNoted && isPlaced && countsFor(original, event.sender, as, target);
    if (!counts) refused.add(event.seq);
    if (original !== undefined && as === "deletion" && counts) original.isDeleted = true;
  }
  return refused;
}

const originalOf = (event: ArchivedEvent): Original => ({
  event,
  kind: bodyOf(event)?.kind,
  revisions: 0,
  isDeleted: false,
});

/** Returns whether a message revises another one, as far as the archive has that one. */
function countsFor(
  original: Original | undefined,
  sender: UserId | undefined,
  as: "correction" | "edit" | "deletion",
  { transcriptHash }: { readonly transcriptHash: Uint8Array },
): boolean {
  if (original === undefined) return true;
  const { event, kind } = original;
  const isOwn = event.sender === sender;
  if (as !== "correction" && isOwn) original.revisions++;
  if (event.kind !== "message" || !equalBytes(event.transcriptHash, transcriptHash)) return false;
  if (as === "correction" || event.content === undefined) return true;
  const isRevisable = kind === "text" || (kind === "attachment" && as === "deletion");
  return isOwn && isRevisable && !original.isDeleted && original.revisions <= mostRevisions;
}
