import { maxPacks } from "../../crypto/wire/receipt.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { maxPackBytes } from "../../crypto/device/history-pack.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { readHistory, type HistoryRecord } from "../conversation/history.ts";

export interface Range {
  readonly fromSeq: number;
  readonly toSeq: number;
}

const pageSize = 64;
/** The greatest number of bytes that an entry has beside its payload: key, signature, numbers. */
const entryBytes = 128;
// A pack ends before the message that would not fit.
const mostBytes = maxPacks * (maxPackBytes - 256 * 1024);

/**
 * Returns the ranges of a conversation up to `toSeq` that this device can share with another device
 * of its account. Each range has no hole and is small enough for one grant. Ranges that others
 * granted to the account are not included: the account may not share them.
 */
export async function ownRanges(
  store: DeviceStore,
  { conversation, toSeq, user }: { conversation: ConversationId; toSeq: number; user: UserId },
): Promise<readonly Range[]> {
  const ranges: { fromSeq: number; toSeq: number }[] = [];
  let bytes = 0;
  for (let after = 0; ;) {
    const position = after;
    const page = await store.read((each) => readHistory(each, conversation, position, pageSize));
    for (const [seq, record] of page) {
      after = seq;
      if (seq > toSeq) return ranges;
      if (!isOwn(record, user)) continue;
      const size = record.payload === undefined ? 0 : record.payload.length + entryBytes;
      const last = ranges.at(-1);
      bytes += size;
      if (last?.toSeq === seq - 1 && bytes <= mostBytes) last.toSeq = seq;
      else {
        ranges.push({ fromSeq: seq, toSeq: seq });
        bytes = size;
      }
    }
    if (page.length < pageSize) return ranges;
  }
}

const isOwn = ({ kind, grantedBy }: HistoryRecord, user: UserId): boolean =>
  kind !== "gap" && (grantedBy === undefined || grantedBy === user);
