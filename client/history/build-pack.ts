import { packEntry, packHead } from "../../crypto/device/history-pack.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { concat } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { readHistory, type HistoryRecord } from "../conversation/history.ts";
import { certificateOf } from "../device/certificates.ts";
import { SealdeskError } from "../errors.ts";
import type { OutgoingJob } from "./outgoing-job.ts";

const pageSize = 64;

/**
 * Returns the bytes of the next pack: as many messages from `job.next` on as fit `limit`, read page
 * by page, each author once before their first message. Messages that this device could not open are
 * left out. The recipient is told which.
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
  const named = new Set<DeviceId>();
  yield head;
  for (let next = job.next; next <= toSeq;) {
    const after = next - 1;
    const { page, authors } = await store.read(async (transaction) => {
      const found = await readHistory(transaction, conversation, after, pageSize);
      return { page: found, authors: await authorsOf(transaction, found) };
    });
    if (page.length === 0) throw incomplete();
    for (const [seq, record] of page) {
      if (seq > toSeq) break;
      if (seq !== next || record.kind === "gap") throw incomplete();
      const message = messageEntry(seq, record);
      if (message !== undefined) {
        const { senderDevice } = record;
        const author = named.has(senderDevice) ? undefined : authors.get(senderDevice);
        const entries = author === undefined ? message : concat(author, message);
        if (size + entries.length > limit && size > head.length) return next;
        size += entries.length;
        named.add(senderDevice);
        yield entries;
      }
      next = seq + 1;
    }
  }
  return toSeq + 1;
}

function messageEntry(seq: number, record: HistoryRecord): Uint8Array | undefined {
  const { kind, payload, frankingKey, signature } = record;
  if (kind !== "message" || payload === undefined) return undefined;
  if (frankingKey === undefined || signature === undefined) return undefined;
  return packEntry({ kind: "message", message: { seq, payload, frankingKey, signature } });
}

/** Returns the entries of the authors of a page whose certificates this device has kept. */
async function authorsOf(
  transaction: ReadTransaction,
  page: readonly (readonly [seq: number, HistoryRecord])[],
): Promise<ReadonlyMap<DeviceId, Uint8Array>> {
  const entries = new Map<DeviceId, Uint8Array>();
  for (const device of new Set(page.map(([, { senderDevice }]) => senderDevice))) {
    const author = await certificateOf(transaction, device);
    if (author !== undefined) entries.set(device, packEntry({ kind: "author", author }));
  }
  return entries;
}

export const incomplete = (): SealdeskError =>
  new SealdeskError("history_incomplete", "This device does not have the whole range.");
