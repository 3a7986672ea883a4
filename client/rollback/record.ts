import {
  conversationId,
  list,
  message,
  nested,
  uint,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { mostRecoveries } from "./limit.ts";

const name = "client!rollback";

const range = message({ conversation: [1, conversationId], after: [2, uint()], to: [3, uint()] });
const record = message({
  /** The number of hellos that this store's device has sent; see `Rollback`. */
  generation: [1, uint()],
  /** 1 from the moment the store was found to be an older copy until its keys are replaced. */
  pending: [2, uint(1)],
  /** While pending: for each conversation, the events that the store does not know of. */
  ranges: [3, list(nested(range), 1_000_000)],
  /** The times when keys were replaced, the newest last. */
  recoveries: [4, list(nested(message({ atMs: [1, uint()] })), mostRecoveries)],
  /** 1 until the user is told of the last recovery. */
  untold: [5, uint(1)],
  /** The number of messages that could not be opened after the last recovery. */
  lost: [6, uint()],
});

export type RollbackRecord = MessageOf<typeof record>;
/** The events after `after` up to and including `to`. */
export type Range = MessageOf<typeof range>;

const first: RollbackRecord = {
  generation: 0,
  pending: 0,
  ranges: [],
  recoveries: [],
  untold: 0,
  lost: 0,
};

export async function loadRollback(
  transaction: Pick<ReadTransaction, "get">,
): Promise<RollbackRecord> {
  const value = await transaction.get(name);
  return value === undefined ? first : decodeRecord(record, value);
}

export const putRollback = (transaction: StoreTransaction, value: RollbackRecord): void =>
  transaction.put(name, encodeRecord(record, value));
