/** Corrections, edits and deletions: each is about one earlier message, and only its author revises a message. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import type { About } from "../../../client/conversation/about.ts";
import { itemsOf, saveRecord, type HistoryRecord } from "../../../client/conversation/history.ts";
import { ConversationLog } from "../../../client/conversation/log.ts";
import { withLinks } from "../../../client/conversation/revisions.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { MessageId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, conversation, limits, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";

const author = newId<UserId>();
const other = newId<UserId>();

const saidAt = (seq: number): HistoryRecord => ({
  kind: "message",
  senderDevice: account.device,
  sender: author,
  clientMessageId: newId<MessageId>(),
  epoch: 1,
  receivedAtMs: seq * 1_000,
  transcriptHash: new Uint8Array(32).fill(seq),
  text: `text ${seq}`,
  payload: new Uint8Array(1),
  frankingKey: undefined,
  signature: undefined,
  frankingTag: zeroHash,
  control: undefined,
  arrived: [],
  departed: [],
  enters: false,
  problems: [],
  gap: undefined,
  attachment: undefined,
  restored: undefined,
  about: undefined,
  device: undefined,
  grantedBy: undefined,
});

type Changes = Partial<HistoryRecord>;

/** Returns what a device shows of these events, which arrived in the order given. */
async function shown(events: Readonly<Record<number, Changes>>, order = Object.keys(events)) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const records = new Map(
    Object.entries(events).map(([seq, changes]) => [seq, { ...saidAt(Number(seq)), ...changes }]),
  );
  for (const seq of order)
    await store.transact(async (transaction) =>
      saveRecord(transaction, conversation, Number(seq), records.get(seq)!),
    );
  const linked = await store.read((transaction) =>
    withLinks(
      { transaction, conversation, revisionMs: limits.limits.longestRevisionMs },
      Array.from(records, ([seq, record]) => [Number(seq), record] as const),
    ),
  );
  await store.close();
  return linked.flatMap(([seq, record, links]) => itemsOf(seq, record, account, links));
}

/** A revision of the event `seq`, as its author means it. */
const revising = (as: About["as"], seq: number, changes: Changes = {}): Changes => ({
  about: { as, seq, transcriptHash: saidAt(seq).transcriptHash },
  ...(as === "deletion" && { text: undefined }),
  ...changes,
});
const refusal = (seq: number) => ({ kind: "problem", seq, code: "revision_refused" });

test("a message has the edits and the deletion of its author, in order (R36)", async () => {
  const items = await shown({
    3: {},
    4: {},
    5: revising("edit", 3),
    7: revising("edit", 3),
    8: revising("deletion", 3),
  });
  expect(items).toMatchObject([
    {
      seq: 3,
      text: "text 3",
      revisions: [
        { kind: "edit", seq: 5, text: "text 5", receivedAtMs: 5_000 },
        { kind: "edit", seq: 7, text: "text 7" },
        { kind: "deletion", seq: 8 },
      ],
    },
    { seq: 4, text: "text 4" },
    { kind: "message", seq: 5, edits: 3, text: "text 5" },
    { kind: "message", seq: 7, edits: 3 },
    { kind: "message_deleted", seq: 8, deletes: 3, sender: author },
  ]);
  expect(items[1]).not.toHaveProperty("revisions");
});

test.each([
  ["by another member", { 3: {}, 5: revising("edit", 3, { sender: other }) }],
  ["a deletion by another member", { 3: {}, 5: revising("deletion", 3, { sender: other }) }],
  [
    "of another event than this device has there",
    { 3: { transcriptHash: randomBytes(32) }, 5: revising("edit", 3) },
  ],
  ["of a later event", { 5: revising("edit", 6), 6: {} }],
  ["of itself", { 5: revising("edit", 5) }],
  ["of a change of the members", { 3: { kind: "closed" as const }, 5: revising("deletion", 3) }],
  ["of an edit", { 2: {}, 3: revising("edit", 2), 5: revising("edit", 3) }],
  ["too late", { 3: {}, 5: revising("edit", 3, { receivedAtMs: 63_001 }) }],
  ["after a deletion", { 2: {}, 3: revising("deletion", 2), 5: revising("edit", 2) }],
  [
    "of a file, by a text",
    { 3: { text: undefined, attachment: fileOf() }, 5: revising("edit", 3) },
  ],
])("an edit %s is refused and marked, and its text is not shown (R36)", async (_, events) => {
  const items = await shown(events);
  expect(items).toContainEqual(expect.objectContaining(refusal(5)));
  expect(items.filter(({ seq, kind }) => seq === 5 && kind !== "problem")).toEqual([]);
});

test("another member's deletion does not end what the author may edit (R36)", async () => {
  const items = await shown({
    2: {},
    3: revising("deletion", 2, { sender: other }),
    5: revising("edit", 2),
  });
  expect(items).toMatchObject([
    { seq: 2, revisions: [{ seq: 5 }] },
    refusal(3),
    { seq: 5, edits: 2 },
  ]);
});

test("a file can be deleted, and the last millisecond counts (R36)", async () => {
  const items = await shown({
    3: { text: undefined, attachment: fileOf() },
    5: revising("deletion", 3, { receivedAtMs: 63_000 }),
  });
  expect(items).toMatchObject([
    { kind: "attachment", seq: 3, revisions: [{ kind: "deletion", seq: 5 }] },
    { kind: "message_deleted", seq: 5, deletes: 3 },
  ]);
});

test("what arrives later is judged as what arrived first (R35, R36)", async () => {
  const events = {
    2: {},
    3: { transcriptHash: randomBytes(32) },
    5: revising("edit", 2),
    6: revising("edit", 3),
    7: revising("correction", 3),
  };
  const inOrder = await shown(events);
  const late = await shown(events, ["7", "6", "5", "3", "2"]);
  const plain = (items: readonly object[]) =>
    items.map((item) => ({ ...item, id: "", message: "" }));
  expect(plain(late)).toEqual(plain(inOrder));
  expect(inOrder).toContainEqual(expect.objectContaining(refusal(6)));
});

test("a correction is linked to the message that its author meant, and to no other (R35)", async () => {
  const unlinked = { kind: "problem", seq: 5, code: "correction_unlinked" };
  const [, correction] = await shown({ 3: {}, 5: revising("correction", 3, { sender: other }) });
  expect(correction).toMatchObject({ text: "text 5", corrects: 3, sender: other });
  for (const events of [
    { 3: { transcriptHash: randomBytes(32) }, 5: revising("correction", 3) },
    { 3: { kind: "closed" as const }, 5: revising("correction", 3) },
    { 5: revising("correction", 5) },
  ]) {
    const items = (await shown(events)).filter(({ seq }) => seq === 5);
    expect(items).toMatchObject([{ text: "text 5" }, unlinked]);
    expect(items[0]).not.toHaveProperty("corrects");
  }
});

test("what a device does not have, it cannot compare (R35, R36)", async () => {
  expect(
    await shown({
      5: revising("edit", 3),
      6: revising("correction", 2),
      7: revising("deletion", 4),
    }),
  ).toMatchObject([
    { seq: 5, edits: 3 },
    { seq: 6, corrects: 2 },
    { kind: "message_deleted", deletes: 4 },
  ]);
});

test("a device revises only its own user's messages, and only in time", async () => {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const log = new ConversationLog(conversation, account, store, limits, undefined);
  await store.transact(async (transaction) => {
    saveRecord(transaction, conversation, 2, { ...saidAt(2), sender: account.user });
    saveRecord(transaction, conversation, 3, saidAt(3));
  });
  expect(await log.target("edit", 2, 62_000)).toMatchObject({ as: "edit", seq: 2 });
  expect(await log.target("correction", 3, 999_999)).toMatchObject({ seq: 3 });
  const refused = { code: "revision_refused" };
  await expect(log.target("edit", 2, 62_001)).rejects.toMatchObject(refused);
  await expect(log.target("deletion", 2, 62_001)).rejects.toMatchObject(refused);
  await expect(log.target("edit", 3, 4_000)).rejects.toMatchObject(refused);
  await expect(log.target("edit", 4, 4_000)).rejects.toMatchObject({ code: "history_incomplete" });
  await store.close();
});

test("a revision that is refused is told when it arrives (R36)", async () => {
  const { receiver, queue, wait, log, problems, items } = await setUp();
  const relay = new LogDouble();
  receiver.deliver(relay.created());
  await wait();
  receiver.deliver(relay.message(...(await queue("as I wrote it"))));
  await wait();
  const { transcriptHash } = log.state!;
  for (const minutes of [0, 1]) {
    relay.nowMs += minutes * 60_000;
    const about = { as: "edit", seq: 2, transcriptHash } as const;
    receiver.deliver(relay.message(...(await queue("edited", about))));
    await wait();
  }
  expect(problems).toMatchObject([refusal(4)]);
  const said = (await items()).filter(({ kind }) => kind !== "created");
  expect(said).toMatchObject([{ seq: 2, revisions: [{ seq: 3 }] }, { edits: 2 }, refusal(4)]);
});

function fileOf(): NonNullable<HistoryRecord["attachment"]> {
  const digest = new Uint8Array(32);
  return {
    id: newId(),
    name: new Uint8Array(1).fill(65),
    mediaType: new Uint8Array(0),
    size: 1,
    key: digest,
    plaintextDigest: digest,
    ciphertextDigest: digest,
    chunkBytes: 65_536,
  };
}
