import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { uuidv7 } from "uuidv7";
import {
  historyKey,
  saveRecord,
  type HistoryRecord,
} from "../../../client/conversation/history.ts";
import type { Opened } from "../../../client/conversation/open-event.ts";
import { againInLog } from "../../../client/restore/again-in-log.ts";
import { findLost, moveToLost, readLost } from "../../../client/restore/lost-events.ts";
import { commit } from "../../../crypto/device/franking.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { Deliver } from "../../../crypto/wire/frame.ts";

await ready;

const conversation = uuidv7();
const [senderDevice, clientMessageId] = [uuidv7(), uuidv7()];
const [payload, frankingKey] = [randomBytes(64), randomBytes(32)];
const cuts = [{ restore: 2, at: 4, backupOf: 1_000, messages: 3, returned: [] }];
const record: HistoryRecord = {
  kind: "message",
  senderDevice,
  sender: uuidv7(),
  clientMessageId,
  epoch: 1,
  receivedAt: 2_000,
  transcriptHash: zeroHash,
  text: "hello",
  payload,
  frankingKey,
  frankingTag: zeroHash,
  control: undefined,
  problems: [],
  gap: undefined,
  attachment: undefined,
  device: undefined,
  grantedBy: undefined,
  restored: undefined,
};
const event = {
  conversation,
  senderDevice,
  clientMessageId,
  epoch: 1,
  commitment: commit(frankingKey, payload),
} as Deliver;
const opened = (changes: Partial<Opened>): Opened => ({
  text: undefined,
  attachment: undefined,
  restored: undefined,
  payload: undefined,
  frankingKey: undefined,
  problems: [],
  ...changes,
});
const reused = opened({ problems: [{ code: "key_reused", user: undefined }] });

/** A device that has "hello" as the event 5, which restore 2 lost. */
async function withLost() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const key = historyKey(conversation, 5);
  await store.transact(async (transaction) => {
    saveRecord(transaction, conversation, 5, record);
    const value = (await transaction.get(key)) ?? new Uint8Array(0);
    moveToLost(transaction, conversation, 2, [[[key, value], record]]);
  });
  const lost = () =>
    store.read((each) => readLost(each, conversation, { restore: 2, after: 0, limit: 10 }));
  const again = (told: Deliver, found: Opened) =>
    store.transact((transaction) => againInLog(transaction, cuts, told, found));
  return { store, lost, again };
}

test("the same bytes, which cannot be opened twice, are shown with what they hold", async () => {
  const { store, lost, again } = await withLost();
  const found = await again(event, reused);
  expect(found.opened).toMatchObject({ text: "hello", payload, problems: [] });
  expect(found.cuts).toMatchObject([{ messages: 2 }]);
  expect(await lost()).toEqual([]);
  expect(await store.transact((each) => findLost(each, conversation, event))).toBeUndefined();
});

test("a message that was sealed again replaces the lost one", async () => {
  const { lost, again } = await withLost();
  const found = opened({ text: "hello", payload: randomBytes(64) });
  expect(await again(event, found)).toEqual({ opened: found, cuts: [{ ...cuts[0], messages: 2 }] });
  expect(await lost()).toEqual([]);
});

test.each([
  ["another text under the same id", event, opened({ text: "goodbye" })],
  ["a message that must not be shown", event, opened({})],
  ["another message in place of the same bytes", { ...event, commitment: randomBytes(32) }, reused],
  ["the same bytes in another epoch", { ...event, epoch: 2 }, reused],
])("%s does not replace it", async (_, told, found) => {
  const { lost, again } = await withLost();
  expect(await again(told, found)).toEqual({ opened: found, cuts });
  expect(await lost()).toHaveLength(1);
});
