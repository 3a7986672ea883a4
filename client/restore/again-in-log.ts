import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import { verifyCommitment } from "../../crypto/device/franking.ts";
import { decodePayload } from "../../crypto/device/payload.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import type { EventProblemCode } from "../conversation/items.ts";
import { sawTheSame, type Opened } from "../conversation/open-event.ts";
import type { Cut } from "../conversation/cuts.ts";
import { codeOf } from "../errors.ts";
import { findLost } from "./lost-events.ts";

interface Again {
  readonly opened: Opened;
  readonly cuts: readonly Cut[];
}

/**
 * Looks for a message among those that a restore of the server lost. Its sender sends it again if it
 * did not hear that the server had it. Then the history shows it once, in its new place. The same
 * bytes cannot be opened twice, so what they hold is taken from the lost message.
 */
export async function againInLog(
  transaction: StoreTransaction,
  cuts: readonly Cut[],
  event: Deliver,
  opened: Opened,
): Promise<Again> {
  const lost =
    cuts.length === 0 ? undefined : await findLost(transaction, event.conversation, event);
  if (lost === undefined) return { opened, cuts };
  const isRepeat =
    opened.problems.some(({ code }) => repeats.has(code)) && isCommittedTo(lost.record, event);
  if (!isRepeat && !saysTheSame(lost.record, opened)) return { opened, cuts };
  lost.remove();
  return {
    opened: isRepeat ? await checkedAgain(transaction, event, lost.record) : opened,
    cuts: cuts.map((cut) =>
      cut.restore === lost.restore ? { ...cut, messages: cut.messages - 1 } : cut,
    ),
  };
}

/** The problems of a message whose key step was used before. */
const repeats = new Set<EventProblemCode>(["duplicate", "key_reused"]);

/**
 * Compares the sender's view with the log again, because the log before the message is another one
 * now.
 */
async function checkedAgain(
  transaction: StoreTransaction,
  event: Deliver,
  record: HistoryRecord,
): Promise<Opened> {
  const same =
    record.payload !== undefined &&
    (await sawTheSame(transaction, event, decodePayload(record.payload).lastSeen));
  const problems = record.problems.filter(({ code }) => code !== mismatch.code);
  return { ...record, problems: same ? problems : [...problems, mismatch] };
}

const mismatch = { code: "transcript_mismatch", user: undefined } as const;

/** Returns whether the event commits to this sender, id and content. */
function isCommittedTo({ payload, frankingKey, epoch }: HistoryRecord, event: Deliver): boolean {
  if (payload === undefined || frankingKey === undefined || epoch !== event.epoch) return false;
  try {
    verifyCommitment(frankingKey, payload, event.commitment);
    return true;
  } catch (error) {
    if (codeOf(error, "DeviceError") === undefined) throw error;
    return false;
  }
}

function saysTheSame(lost: HistoryRecord, { text, attachment, restored }: Opened): boolean {
  if (attachment !== undefined)
    return lost.attachment?.id === attachment.id && equalBytes(lost.attachment.key, attachment.key);
  if (restored !== undefined) return lost.restored?.lost === restored.lost;
  return text !== undefined && lost.text === text;
}
