import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { LogPoint } from "../../crypto/wire/receipt.ts";
import { isInPlace } from "../../crypto/wire/receipt-checks.ts";
import type { Client } from "../../db/pool.ts";
import { MessagingError } from "../messaging-error.ts";

// The hash is also kept with the event after it, which may be there alone.
const PLACE = `
  select
    coalesce((select max(seq) from events where conversation = $1 and kind > 1), 0) as "changedAt",
    coalesce(
      (select transcript_hash from events where conversation = $1 and seq = $2 and kind > 0),
      (select previous_hash from events where conversation = $1 and seq = $2 + 1 and kind > 0)
    ) as hash`;

interface PlaceRow {
  /** The last event that is not a message. */
  readonly changedAt: number;
  /** Null if the event is gone, or was never there. */
  readonly hash: Uint8Array | null;
}

/**
 * Requires that a receipt may stand in the next event of the log.
 * @param head the last event of the log
 * @throws MessagingError stale_record
 */
export async function assertInPlace(
  client: Client,
  conversation: ConversationId,
  head: LogPoint,
  after: LogPoint,
): Promise<void> {
  const { rows } = await client.query<PlaceRow>(PLACE, [conversation, after.seq]);
  const { changedAt = 0, hash = null } = rows[0] ?? {};
  const recorded = after.seq === head.seq ? head.hash : hash;
  const isKnown = recorded !== null;
  if (!isKnown || !isInPlace(after, { seq: head.seq + 1, changedAt, hash: recorded }))
    throw stale("The conversation went on after the event that the receipt names.");
}

/** Returns the refusal of a receipt that was signed for an earlier state. */
export const stale = (what: string): MessagingError =>
  new MessagingError("stale_record", `${what} Sign again on the present one.`);
