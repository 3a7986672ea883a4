import type { LogErrorCode } from "../../audit/verify/log-error.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { message, optional, text, uint, userId } from "../../crypto/wire/protobuf.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { LONGEST_NOTE } from "./kept-head.ts";

const prefix = "key-log-evidence!";
/**
 * The number of pieces of evidence that are kept for one reason. Further ones are reported but not
 * kept. The limit is per reason, so that evidence for one leaves room for another.
 */
const mostOfReason = 8;
const evidence = message({
  reason: [1, text(64)],
  atMs: [2, uint()],
  kept: [3, text(LONGEST_NOTE)],
  shown: [4, text(LONGEST_NOTE)],
  from: [5, optional(userId)],
});

/**
 * Two notes of one log that contradict each other, or one that came with an invalid proof. Evidence
 * that is kept has notes with the log's signature. A note without it is reported only.
 */
export interface KeyLogEvidence {
  /** A code such as `forked`, `rolled_back`, `wrong_signature` or `invalid_proof`. */
  readonly reason: LogErrorCode;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The head that this device trusts; "" before the first. */
  readonly kept: string;
  /** The contradicting note. If it is longer than 16,384 bytes, its beginning. */
  readonly shown: string;
  /** The member whose message carried it; undefined when the server sent it. */
  readonly from: UserId | undefined;
}

export async function loadEvidence(
  transaction: Pick<ReadTransaction, "list">,
): Promise<readonly KeyLogEvidence[]> {
  const entries = await transaction.list(prefix);
  return entries.map(([, value]) => {
    const found = decodeRecord(evidence, value);
    return { ...found, reason: found.reason as LogErrorCode };
  });
}

/**
 * Stores the evidence permanently.
 * @returns false when the same evidence was stored before
 */
export function keepEvidence(store: DeviceStore, evident: KeyLogEvidence): Promise<boolean> {
  const found = { ...evident, shown: beginningOf(evident.shown) };
  return store.transact(async (transaction) => {
    const known = await loadEvidence(transaction);
    const isSame = ({ kept, shown, reason }: KeyLogEvidence) =>
      kept === found.kept && shown === found.shown && reason === found.reason;
    if (known.some(isSame)) return false;
    if (known.filter(({ reason }) => reason === found.reason).length < mostOfReason) {
      const place = String(known.length).padStart(4, "0");
      transaction.put(prefix + place, encodeRecord(evidence, found));
    }
    return true;
  });
}

/** An alarm must not fail because somebody wrote a long note. */
const beginningOf = (note: string): string =>
  new TextDecoder().decode(utf8(note).subarray(0, LONGEST_NOTE)).replace(/\uFFFD+$/, "");
