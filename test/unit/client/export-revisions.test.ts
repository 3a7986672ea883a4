/** A copy for a person says which edits and deletions apps refuse (R35, R36). */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { saveRecord, type HistoryRecord } from "../../../client/conversation/history.ts";
import { ToldLimits } from "../../../client/conversation/told-limits.ts";
import { conversationPage } from "../../../client/export/archive/conversation-page.ts";
import { timesIn } from "../../../client/export/archive/labels.ts";
import { placesOf } from "../../../client/export/archive/places.ts";
import { openPage } from "../../../client/export/open-page.ts";
import { recordsOf } from "../../../client/export/page-records.ts";
import { GrowingRoot } from "../../../audit/verify/growing-root.ts";
import { leafHash } from "../../../audit/verify/tree-hash.ts";
import { ready, sha256 } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { nilUuid, transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import { encodeFrame, type Deliver } from "../../../crypto/wire/frame.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const [self, other] = [newId<UserId>(), newId<UserId>()];

/** Returns consecutive messages of a log. */
function delivered(count: number): readonly Deliver[] {
  const events: Deliver[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const ciphertext = Uint8Array.of(seq);
    const ids = { senderDevice: newId<DeviceId>(), clientMessageId: newId<MessageId>() };
    const header = {
      conversation,
      seq,
      kind: "message",
      epoch: 1,
      keyId: nilUuid,
      ...ids,
    } as const;
    const placed = { ...header, receivedAtMs: seq * 1_000 };
    const previousHash = events.at(-1)?.transcriptHash ?? zeroHash;
    const hash = transcriptHash(sha256, previousHash, placed, ciphertext, zeroHash);
    const sealed = { ciphertext, packet: new Uint8Array(), commitment: zeroHash };
    events.push({
      ...placed,
      ...sealed,
      previousHash,
      transcriptHash: hash,
      frankingTag: zeroHash,
    });
  }
  return events;
}

const recordOf = (event: Deliver, changes: Partial<HistoryRecord>): HistoryRecord => ({
  kind: "message",
  senderDevice: event.senderDevice,
  sender: self,
  clientMessageId: event.clientMessageId,
  epoch: 1,
  receivedAtMs: event.receivedAtMs,
  transcriptHash: event.transcriptHash,
  text: `text ${event.seq}`,
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
  ...changes,
});

test("edits and deletions of others' messages are shown as refused, and own ones as made", async () => {
  await ready;
  const events = delivered(6);
  const about = (as: "edit" | "deletion", seq: number) =>
    ({ as, seq, transcriptHash: events[seq - 1]!.transcriptHash }) as const;
  const changes: readonly Partial<HistoryRecord>[] = [
    {},
    { sender: other, about: about("edit", 1) },
    { sender: other, about: about("deletion", 1), text: undefined },
    { about: about("edit", 1) },
    { about: about("deletion", 1), text: undefined },
    { about: about("edit", 1) },
  ];
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await (await ToldLimits.load(store)).told({ keyMaxMessages: 100, revisionMs: 60_000 });
  await store.transact(async (transaction) => {
    for (const [at, event] of events.entries())
      saveRecord(transaction, conversation, event.seq, recordOf(event, changes[at]!));
  });
  const tree = new GrowingRoot(sha256);
  for (const event of events) tree.append(leafHash(sha256, event.transcriptHash));
  const page = { conversation, fromSeq: 1, untilSeq: 6, events: 6, root: tree.root(), head: null };
  const opened = openPage(
    page,
    events.map((body) => encodeFrame({ kind: "deliver", body })),
    {
      ...(await recordsOf(store, page)),
      self,
      last: undefined,
      isOwnOnly: false,
      placeOf: () => ({ path: null, missing: null }),
    },
  );
  await store.close();
  expect(opened.events.map(({ content }) => content)).toMatchObject([
    { kind: "text", about: null },
    { kind: "text", about: { seq: 1, as: "edit", isRefused: true } },
    { kind: "deletion", seq: 1, isRefused: true },
    { kind: "text", about: { seq: 1, as: "edit" } },
    { kind: "deletion", seq: 1 },
    { kind: "text", about: { seq: 1, as: "edit", isRefused: true } },
  ]);
  for (const at of [3, 4])
    expect(JSON.stringify(opened.events[at]!.content)).not.toContain('"isRefused"');
  const [place] = placesOf([page]);
  const file = { version: 1, conversation, fromSeq: 1, untilSeq: 6, events: [...opened.events] };
  const context = { self, times: timesIn("UTC"), nameOf: () => "Somebody" };
  const html = conversationPage(place!, { ...file, version: 1 }, context);
  expect(html.match(/Apps refuse that[.]/g)).toHaveLength(3);
  expect(html.match(/Somebody deleted/g)).toHaveLength(1);
});
