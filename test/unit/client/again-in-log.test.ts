import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { saveRecord, type HistoryRecord } from "../../../client/conversation/history.ts";
import { historyKey } from "../../../client/conversation/history-key.ts";
import type { Opened } from "../../../client/conversation/open-event.ts";
import { againInLog } from "../../../client/restore/again-in-log.ts";
import { findLost, moveToLost, readLost } from "../../../client/restore/lost-events.ts";
import { commit } from "../../../crypto/device/franking.ts";
import { encodePayload } from "../../../crypto/wire/payload.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { Deliver } from "../../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId, MessageId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const conversation = newId<ConversationId>();
const [senderDevice, clientMessageId] = [newId<DeviceId>(), newId<MessageId>()];
const lastSeen = { seq: 4, transcriptHash: randomBytes(32) };
const payload = encodePayload({
  conversation,
  senderDevice,
  clientMessageId,
  epoch: 1,
  lastSeen,
  body: { kind: "text", text: "hello" },
});
const frankingKey = randomBytes(32);
const cuts = [{ restore: 2, at: 4, backupOfMs: 1_000, messages: 3, returned: [] }];
const record: HistoryRecord = {
  kind: "message",
  senderDevice,
  sender: newId<UserId>(),
  clientMessageId,
  epoch: 1,
  receivedAtMs: 2_000,
  transcriptHash: zeroHash,
  text: "hello",
  payload,
  frankingKey,
  signature: undefined,
  frankingTag: zeroHash,
  control: undefined,
  problems: [],
  gap: undefined,
  attachment: undefined,
  device: undefined,
  grantedBy: undefined,
  restored: undefined,
  about: undefined,
  arrived: [],
  departed: [],
  enters: false,
};
const event = {
  conversation,
  seq: 5,
  senderDevice,
  clientMessageId,
  epoch: 1,
  commitment: commit(frankingKey, payload),
} as Deliver;
const opened = (changes: Partial<Opened>): Opened => ({
  text: undefined,
  attachment: undefined,
  restored: undefined,
  about: undefined,
  payload: undefined,
  frankingKey: undefined,
  signature: undefined,
  problems: [],
  ...changes,
});
const reused = opened({ problems: [{ code: "key_reused", user: undefined }] });

/** A device that has a message as the event 5, which restore 2 lost. It is "hello" by default. */
async function withLost(changes: Partial<HistoryRecord> = {}) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const key = historyKey(conversation, 5);
  await store.transact(async (transaction) => {
    const said = { ...record, ...changes };
    saveRecord(transaction, conversation, 5, said);
    const value = (await transaction.get(key)) ?? new Uint8Array(0);
    moveToLost(transaction, conversation, 2, [[[key, value], said]]);
  });
  const lost = () =>
    store.read((each) => readLost(each, conversation, { restore: 2, after: 0, limit: 10 }));
  const again = (told: Deliver, found: Opened) =>
    store.transact((transaction) => againInLog(transaction, cuts, told, found));
  return { store, lost, again };
}

test("repeated bytes, which cannot be opened twice, are shown with their content", async () => {
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

const mismatch = { code: "transcript_mismatch", user: undefined } as const;

test.each([
  ["has another log before the message", { seq: 5 }, randomBytes(32), [], [mismatch]],
  ["has the log that its sender saw", { seq: 5 }, lastSeen.transcriptHash, [mismatch], []],
  [
    "has the message before what its sender saw",
    { seq: 4 },
    lastSeen.transcriptHash,
    [],
    [mismatch],
  ],
])(
  "repeated bytes are checked again, if the server %s",
  async (_, place, kept, before, problems) => {
    const { store, again } = await withLost({ problems: before });
    await store.transact(async (transaction) =>
      saveRecord(transaction, conversation, 4, { ...record, transcriptHash: kept }),
    );
    const found = await again({ ...event, ...place }, reused);
    expect(found.opened).toMatchObject({ text: "hello", problems });
  },
);

test.each([
  [3, 2],
  [4, 3],
])(
  "a notice of %s lost messages replaces one of 3 only if it says the same",
  async (nowMs, left) => {
    const { again } = await withLost({ text: undefined, restored: { lost: 3 } });
    const found = await again(event, opened({ restored: { lost: nowMs } }));
    expect(found.cuts).toMatchObject([{ messages: left }]);
  },
);

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
