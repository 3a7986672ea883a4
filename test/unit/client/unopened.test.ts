/** What a device tells about messages that it could not open, and what a newcomer makes of it. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import {
  readHistory,
  saveRecord,
  type HistoryRecord,
} from "../../../client/conversation/history.ts";
import {
  cutUnopened,
  hearUnopened,
  noteUnopened,
  toldUnopened,
  unopenedBy,
  unopenedToTell,
} from "../../../client/conversation/unopened.ts";
import { decodePayload } from "../../../crypto/device/payload.ts";
import { encodePayload } from "../../../crypto/wire/payload.ts";
import { DeviceStore, type StoreTransaction } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const [agent, customer] = [newId<UserId>(), newId<UserId>()];
const by = { user: customer, device: newId<DeviceId>() };

async function inStore<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const result = await store.transact(work);
  await store.close();
  return result;
}

const recordOf = (changes: Partial<HistoryRecord> = {}): HistoryRecord => ({
  kind: "message",
  senderDevice: newId<DeviceId>(),
  sender: agent,
  clientMessageId: newId<MessageId>(),
  epoch: 1,
  receivedAtMs: 1,
  transcriptHash: zeroHash,
  text: "But I warn you of the risk.",
  payload: randomBytes(100),
  frankingKey: randomBytes(32),
  signature: randomBytes(64),
  frankingTag: zeroHash,
  control: undefined,
  problems: [],
  gap: undefined,
  attachment: undefined,
  restored: undefined,
  about: undefined,
  arrived: [],
  departed: [],
  enters: false,
  device: undefined,
  grantedBy: agent,
  ...changes,
});

test("a device tells its unopened messages until the log holds a message about them, 16 at a time", async () => {
  await inStore(async (transaction) => {
    for (let seq = 2; seq <= 21; seq++) await noteUnopened(transaction, conversation, seq);
    const first = await unopenedToTell(transaction, conversation, 21);
    expect(first).toEqual(Array.from({ length: 16 }, (_, index) => index + 2));
    expect(await unopenedToTell(transaction, conversation, 21)).toEqual(first);
    await toldUnopened(transaction, conversation, first);
    expect(await unopenedToTell(transaction, conversation, 20)).toEqual([18, 19, 20]);
    await cutUnopened(transaction, conversation, 18);
    expect(await unopenedToTell(transaction, conversation, 30)).toEqual([18]);
    await toldUnopened(transaction, conversation, [18]);
    expect(await unopenedToTell(transaction, conversation, 30)).toEqual([]);
  });
});

test("a granted message is marked once for each member who could not open it", async () => {
  await inStore(async (transaction) => {
    saveRecord(transaction, conversation, 3, recordOf());
    expect(await hearUnopened(transaction, conversation, by, [3])).toEqual([3]);
    const second = { ...by, device: newId<DeviceId>() };
    expect(await hearUnopened(transaction, conversation, second, [3])).toEqual([]);
    const [[, record] = []] = await readHistory(transaction, conversation, 2, 1);
    expect(record?.problems).toEqual([{ code: "unopened", user: customer }]);
  });
});

test.each([
  ["received by this device itself", recordOf({ grantedBy: undefined })],
  ["of the member who says so", recordOf({ sender: customer })],
  ["that is not shown", recordOf({ payload: undefined, text: undefined })],
])("a message %s is not marked", async (_name, record) => {
  await inStore(async (transaction) => {
    saveRecord(transaction, conversation, 3, record);
    expect(await hearUnopened(transaction, conversation, by, [3])).toEqual([]);
  });
});

test("what was said of a message that is granted later is kept", async () => {
  await inStore(async (transaction) => {
    expect(await hearUnopened(transaction, conversation, by, [3])).toEqual([]);
    expect(await unopenedBy(transaction, conversation, 3)).toEqual([customer]);
    expect(await unopenedBy(transaction, conversation, 3)).toEqual([]);
  });
});

test("a payload names them in ascending order, and only events that its sender saw", () => {
  const payload = {
    conversation,
    senderDevice: by.device,
    epoch: 1,
    clientMessageId: newId<MessageId>(),
    lastSeen: { seq: 9, transcriptHash: zeroHash },
    body: { kind: "text", text: "thank you" },
  } as const;
  const unopened = [3, 9];
  expect(decodePayload(encodePayload({ ...payload, unopened }))).toEqual({ ...payload, unopened });
  for (const wrong of [[0], [3, 3], [9, 3], [3, 10]])
    expect(() => decodePayload(encodePayload({ ...payload, unopened: wrong }))).toThrow(
      expect.objectContaining({ code: "malformed_plaintext" }),
    );
});
