/** Corrections: each is about one earlier message, and is shown beside that one alone. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { isLinked } from "../../../client/conversation/open-event.ts";
import {
  itemsOf,
  readHistory,
  saveRecord,
  type HistoryRecord,
} from "../../../client/conversation/history.ts";
import { recheckCorrections } from "../../../client/history/recheck-corrections.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { MessageId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, conversation } from "./log-double.ts";

const said: HistoryRecord = {
  kind: "message",
  senderDevice: account.device,
  sender: newId<UserId>(),
  clientMessageId: newId<MessageId>(),
  epoch: 1,
  receivedAtMs: 1,
  transcriptHash: new Uint8Array(32).fill(7),
  text: "on 3 April",
  payload: undefined,
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
  corrects: undefined,
  device: undefined,
  grantedBy: undefined,
};

test("a correction is linked to the message that its author meant, and to no other (R35)", async () => {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact(async (transaction) => {
    saveRecord(transaction, conversation, 2, { ...said, kind: "closed" });
    saveRecord(transaction, conversation, 3, said);
  });
  const linked = (seq: number, transcriptHash: Uint8Array, at = 6) =>
    store.transact((transaction) =>
      isLinked(transaction, { conversation, seq: at }, { seq, transcriptHash }),
    );
  expect(await linked(3, said.transcriptHash)).toBe(true);
  expect(await linked(3, randomBytes(32))).toBe(false);
  expect(await linked(2, said.transcriptHash)).toBe(false);
  expect(await linked(0, said.transcriptHash)).toBe(false);
  // Not an earlier one.
  expect(await linked(3, said.transcriptHash, 3)).toBe(false);
  expect(await linked(9, said.transcriptHash)).toBe(false);
  // What this device never had, it cannot compare.
  expect(await linked(5, randomBytes(32))).toBe(true);
  await store.close();
});

test("a correction that came before what it corrects is compared when the device has that (R35)", async () => {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const correctionOf = (seq: number, transcriptHash: Uint8Array) => ({
    ...said,
    corrects: { seq, transcriptHash },
  });
  await store.transact(async (transaction) => {
    saveRecord(transaction, conversation, 3, said);
    saveRecord(transaction, conversation, 4, said);
    saveRecord(transaction, conversation, 300, correctionOf(3, said.transcriptHash));
    saveRecord(transaction, conversation, 301, correctionOf(4, randomBytes(32)));
    // About what the grant did not bring.
    saveRecord(transaction, conversation, 302, correctionOf(2, randomBytes(32)));
  });
  const recheck = () => recheckCorrections(store, conversation, { fromSeq: 3, toSeq: 4 });
  expect(await recheck()).toEqual([
    { kind: "problem", seq: 301, code: "correction_unlinked", user: undefined },
  ]);
  expect(await recheck()).toEqual([]);
  const shown = await store.read((transaction) => readHistory(transaction, conversation, 299, 3));
  const corrected = shown.flatMap(([seq, record]) => itemsOf(seq, record, account));
  expect(corrected.filter((item) => "corrects" in item)).toMatchObject([
    { seq: 300, corrects: 3 },
    { seq: 302, corrects: 2 },
  ]);
  await store.close();
});

test("a correction of another message is shown as a text with a problem (R35)", () => {
  const corrects = { seq: 3, transcriptHash: said.transcriptHash };
  expect(itemsOf(6, { ...said, corrects }, account)).toMatchObject([
    { text: said.text, corrects: 3 },
  ]);
  const problems = [{ code: "correction_unlinked", user: undefined }] as const;
  const [text, problem] = itemsOf(6, { ...said, corrects, problems }, account);
  expect(text).not.toHaveProperty("corrects");
  expect(problem).toMatchObject({ kind: "problem", code: "correction_unlinked", seq: 6 });
});
