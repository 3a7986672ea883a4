import { periodOf } from "../../crypto/wire/key-period.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { loadCuts } from "../conversation/cuts.ts";
import { readHistory, saveRecord, type HistoryRecord } from "../conversation/history.ts";
import { readLost, saveLost } from "../restore/lost-events.ts";

const PAGE = 256;

type Page = readonly (readonly [seq: number, value: HistoryRecord])[];

/**
 * Removes the content of the messages that the server got in these periods. Their places in the log stay, with the hashes
 * by which the device notices another log. You may repeat it.
 * @returns the number of messages that had content
 */
export async function eraseCopies(
  store: DeviceStore,
  conversation: ConversationId,
  periods: ReadonlySet<number>,
): Promise<number> {
  const cuts = (await store.read(loadCuts)).get(conversation) ?? [];
  const inLog = await erasePages(
    store,
    periods,
    (transaction, after) => readHistory(transaction, conversation, after, PAGE),
    (transaction, seq, value) => saveRecord(transaction, conversation, seq, value),
  );
  let lost = 0;
  for (const { restore } of cuts)
    lost += await erasePages(
      store,
      periods,
      (transaction, after) => readLost(transaction, conversation, { restore, after, limit: PAGE }),
      (transaction, seq, value) => saveLost(transaction, conversation, restore, seq, value),
    );
  return inLog + lost;
}

async function erasePages(
  store: DeviceStore,
  periods: ReadonlySet<number>,
  read: (transaction: StoreTransaction, after: number) => Promise<Page>,
  save: (transaction: StoreTransaction, seq: number, value: HistoryRecord) => void,
): Promise<number> {
  let erased = 0;
  for (let after = 0; ;) {
    const from = after;
    const page = await store.transact(async (transaction) => {
      const found = await read(transaction, from);
      const open = found.filter(
        ([, value]) => periods.has(periodOf(value.receivedAtMs)) && hasContent(value),
      );
      for (const [seq, value] of open) save(transaction, seq, erasedOf(value));
      return { last: found.at(-1)?.[0], erased: open.length };
    });
    erased += page.erased;
    if (page.last === undefined) return erased;
    after = page.last;
  }
}

/** Returns the record without content. What was deleted before stays deleted, also if it is kept. */
const erasedOf = (value: HistoryRecord): HistoryRecord => ({
  ...value,
  text: undefined,
  payload: undefined,
  frankingKey: undefined,
  signature: undefined,
  attachment: undefined,
  restored: undefined,
  about: value.about?.as === "deletion" ? value.about : undefined,
});

const hasContent = ({ kind, text, payload, attachment }: HistoryRecord): boolean =>
  kind === "message" && [text, payload, attachment].some((part) => part !== undefined);
