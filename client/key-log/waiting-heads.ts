import { equalBytes } from "../../crypto/wire/bytes.ts";
import { fixed, flag, list, message, nested, uint, userId } from "../../crypto/wire/protobuf.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { KeyLogHead } from "../../crypto/wire/payload.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

/** A head from a member's message that the server has not proved to fit yet. */
export interface WaitingHead {
  readonly head: KeyLogHead;
  readonly from: UserId;
  /** The time when the message came, in milliseconds since the Unix epoch, by the local clock. */
  readonly sinceMs: number;
  /** True if the application was told that the head is unconfirmed. */
  readonly told: boolean;
}

/**
 * The number of heads of one member that may wait. A single missing proof is enough for an alarm.
 */
const mostOfMember = 4;
const most = 1_024;

const name = "client!key-log-waiting";
const record = message({
  heads: [
    1,
    list(
      nested(
        message({
          size: [1, uint()],
          root: [2, fixed(32)],
          signature: [3, fixed(64)],
          restores: [4, uint()],
          from: [5, userId],
          sinceMs: [6, uint()],
          told: [7, flag],
        }),
      ),
      most,
    ),
  ],
});

/** Returns the heads that wait, the earliest first. */
export async function loadWaiting(
  transaction: Pick<ReadTransaction, "get">,
): Promise<readonly WaitingHead[]> {
  const stored = await transaction.get(name);
  if (stored === undefined) return [];
  return decodeRecord(record, stored).heads.map(({ from, sinceMs, told, ...head }) => ({
    head,
    from,
    sinceMs,
    told,
  }));
}

function save(transaction: StoreTransaction, waiting: readonly WaitingHead[]): void {
  const heads = waiting.map(({ head, ...rest }) => ({ ...head, ...rest }));
  transaction.put(name, encodeRecord(record, { heads }));
}

const isSameHead = (a: KeyLogHead, b: KeyLogHead): boolean =>
  a.size === b.size && a.restores === b.restores && equalBytes(a.root, b.root);

/** Stores a head, unless it waits already or its member has as many waiting as any may have. */
export async function addWaiting(
  transaction: StoreTransaction,
  head: KeyLogHead,
  from: UserId,
  nowMs: number,
): Promise<void> {
  const waiting = await loadWaiting(transaction);
  const ofMember = waiting.filter((each) => each.from === from);
  if (ofMember.some((each) => isSameHead(each.head, head))) return;
  if (ofMember.length >= mostOfMember || waiting.length >= most) return;
  save(transaction, [...waiting, { head, from, sinceMs: Math.floor(nowMs), told: false }]);
}

/** Removes a head that was proved, that contradicts the log, or that the log's key did not sign. */
export async function dropWaiting(
  transaction: StoreTransaction,
  { head, from }: WaitingHead,
): Promise<void> {
  const waiting = await loadWaiting(transaction);
  const left = waiting.filter((each) => each.from !== from || !isSameHead(each.head, head));
  if (left.length < waiting.length) save(transaction, left);
}

/** Records that the application was told of a head. */
export async function noteTold(
  transaction: StoreTransaction,
  { head, from }: WaitingHead,
): Promise<void> {
  const waiting = await loadWaiting(transaction);
  const isIt = (each: WaitingHead) => each.from === from && isSameHead(each.head, head);
  save(
    transaction,
    waiting.map((each) => (isIt(each) ? { ...each, told: true } : each)),
  );
}
