import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import { readBack, type HistoryRecord } from "../conversation/history.ts";
import type { ConversationState } from "../conversation/state.ts";
import type { RestorePeriod } from "../key-log/kept-restores.ts";
import { mayBeLost, type Comparison } from "./judge.ts";

/** Returns whether the device saw the event in the log, and not in a history grant. */
export const isSeen = ({ kind, grantedBy }: HistoryRecord): boolean =>
  kind !== "gap" && grantedBy === undefined;

/**
 * Returns what of the conversation must be compared, or undefined if no restore that is not applied to
 * it may have lost any event of it.
 * @param accepted all restores that the device accepted
 */
export async function planComparison(
  transaction: ReadTransaction,
  conversation: ConversationId,
  { seq, restores: applied }: Pick<ConversationState, "seq" | "restores">,
  accepted: readonly RestorePeriod[],
): Promise<Comparison | undefined> {
  const restores = accepted.filter(({ number }) => number > applied);
  let seen = 0;
  for await (const [at, record] of readBack(transaction, conversation, seq)) {
    if (!isSeen(record)) continue;
    if (!mayBeLost(record.receivedAtMs, restores))
      return seen > 0 ? { restores, anchor: at, seen, end: seq } : undefined;
    seen = Math.max(seen, at);
  }
  return seen > 0 ? { restores, anchor: 0, seen, end: seq } : undefined;
}
