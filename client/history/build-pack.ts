import { packEntry, packHead } from "../../crypto/device/history-pack.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { readHistory, type HistoryRecord } from "../conversation/history.ts";
import { SealdeskError } from "../errors.ts";
import type { OutgoingJob } from "./outgoing-job.ts";

/** Size of one pack in bytes, well below what servers accept as one attachment. */
export const defaultPackBytes = 8 * 1024 * 1024;

const pageSize = 64;

/**
 * Returns the bytes of the next pack: as many messages from `job.next` on as fit `limit`, read page
 * by page. Messages that this device could not open are left out. The recipient is told which.
 * @returns the first event that is not in the pack
 * @throws SealdeskError history_incomplete: this device does not have the range
 */
export async function* packBytes(
  store: DeviceStore,
  job: OutgoingJob,
  limit: number,
): AsyncGenerator<Uint8Array, number, undefined> {
  const { conversation, toSeq } = job;
  const head = packHead(job.id);
  let size = head.length;
  yield head;
  for (let next = job.next; next <= toSeq;) {
    const page = await store.read((transaction) =>
      readHistory(transaction, conversation, next - 1, pageSize),
    );
    if (page.length === 0) throw incomplete();
    for (const [seq, record] of page) {
      if (seq > toSeq) break;
      if (seq !== next || record.kind === "gap") throw incomplete();
      const entry = entryOf(seq, record);
      if (entry !== undefined) {
        if (size + entry.length > limit && size > head.length) return next;
        size += entry.length;
        yield entry;
      }
      next = seq + 1;
    }
  }
  return toSeq + 1;
}

function entryOf(seq: number, record: HistoryRecord): Uint8Array | undefined {
  const { kind, sender, payload, frankingKey } = record;
  if (kind !== "message" || payload === undefined || frankingKey === undefined) return undefined;
  return packEntry({ seq, sender, payload, frankingKey });
}

export const incomplete = (): SealdeskError =>
  new SealdeskError("history_incomplete", "This device does not have the whole range.");
