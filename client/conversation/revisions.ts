/**
 * Corrections, edits and deletions: which of them count (R35, R36). The history is asked each time that it is shown.
 * So the answer is right, too, for a message that a device got later than what revises it.
 */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import { revisionPrefix, revisionsBy, type About } from "./about.ts";
import { seqDigits } from "./history-key.ts";
import { readHistory, type HistoryRecord, type Links } from "./history.ts";
import type { EventProblemCode, Revision } from "./items.ts";

/** The number of edits and deletions of one message that are considered. Later ones are refused. */
const mostRevisions = 100;

/** A conversation as a device has it. */
interface Reading {
  readonly transaction: ReadTransaction;
  readonly conversation: ConversationId;
  /** For how long after a message its author may revise it, in milliseconds; 0 for never. */
  readonly revisionMs: number;
}

type Event = readonly [seq: number, record: HistoryRecord];

/** Returns events in order with what the history says about each of them. */
export async function withLinks(
  reading: Reading,
  events: readonly Event[],
): Promise<readonly (readonly [...Event, Links])[]> {
  const revised = await revisedAmong(reading, events);
  const linked: (readonly [...Event, Links])[] = [];
  for (const event of events) {
    const [seq, record] = event;
    const links: Links =
      record.about === undefined
        ? { ...(revised.has(seq) && { revisions: await revisionsOf(reading, event) }) }
        : { refused: await refusalOf(reading, seq, record.about) };
    linked.push([seq, record, links]);
  }
  return linked;
}

/** Returns why a correction, an edit or a deletion does not count; undefined if it does. */
export async function refusalOf(
  reading: Reading,
  seq: number,
  { as, seq: at, transcriptHash }: About,
): Promise<EventProblemCode | undefined> {
  const refused = as === "correction" ? "correction_unlinked" : "revision_refused";
  if (at < 1 || at >= seq) return refused;
  const target = await recordAt(reading, at);
  // What this device does not have, it cannot compare.
  if (target === undefined || target.kind === "gap") return undefined;
  if (target.kind !== "message" || !equalBytes(target.transcriptHash, transcriptHash))
    return refused;
  if (as === "correction" || target.payload === undefined) return undefined;
  const revisions = await revisionsOf(reading, [at, target]);
  return revisions.some((each) => each.seq === seq) ? undefined : refused;
}

/**
 * Returns whether an account may revise a message that this device has.
 * @param atMs the time of the edit or of the deletion, in milliseconds since the Unix epoch
 */
export async function mayRevise(
  reading: Reading,
  target: Event,
  { as, user, atMs }: { readonly as: About["as"]; readonly user: UserId; readonly atMs: number },
): Promise<boolean> {
  const [, record] = target;
  if (record.sender !== user || !isInTime(reading, record, as, atMs)) return false;
  return (await revisionsOf(reading, target)).at(-1)?.kind !== "deletion";
}

/** Returns the revisions of a message that count, in order. None follows a deletion. */
async function revisionsOf(reading: Reading, [seq, target]: Event): Promise<readonly Revision[]> {
  const { transaction, conversation } = reading;
  if (target.sender === undefined) return [];
  const prefix = revisionsBy(conversation, seq, target.sender);
  const revisions: Revision[] = [];
  for (const [key] of await transaction.list(prefix, { limit: mostRevisions })) {
    const at = Number(key.slice(prefix.length));
    const { about, sender, receivedAtMs, text = "" } = (await recordAt(reading, at)) ?? {};
    // A restore of the server may have taken the event away.
    if (about?.seq !== seq || sender !== target.sender || receivedAtMs === undefined) continue;
    const { as, transcriptHash } = about;
    if (as === "correction" || !equalBytes(transcriptHash, target.transcriptHash)) continue;
    if (!isInTime(reading, target, as, receivedAtMs)) continue;
    const place = { seq: at, receivedAtMs };
    revisions.push(as === "edit" ? { kind: as, ...place, text } : { kind: as, ...place });
    if (as === "deletion") break;
  }
  return revisions;
}

/** Returns whether a message can be revised in this way, and still at this time. */
const isInTime = (
  { revisionMs }: Reading,
  { about, text, attachment, receivedAtMs }: HistoryRecord,
  as: About["as"],
  atMs: number,
): boolean =>
  about === undefined &&
  (text !== undefined || (as === "deletion" && attachment !== undefined)) &&
  revisionMs > 0 &&
  atMs - receivedAtMs <= revisionMs;

/** Returns the events that another one wants to revise. */
async function revisedAmong(
  { transaction, conversation }: Reading,
  events: readonly Event[],
): Promise<ReadonlySet<number>> {
  const prefix = revisionPrefix(conversation);
  const last = events.at(-1)?.[0] ?? 0;
  const found = new Set<number>();
  for (let after = events[0]?.[0] ?? 0; after <= last;) {
    const [next] = await transaction.list(prefix, { after: prefix + seqDigits(after), limit: 1 });
    if (next === undefined) break;
    const seq = Number(next[0].split("!")[2]);
    if (seq <= last) found.add(seq);
    after = seq + 1;
  }
  return found;
}

async function recordAt(
  { transaction, conversation }: Reading,
  seq: number,
): Promise<HistoryRecord | undefined> {
  const [found] = await readHistory(transaction, conversation, seq - 1, 1);
  return found?.[0] === seq ? found[1] : undefined;
}
