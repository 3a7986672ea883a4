import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { uuidv7 } from "uuidv7";
import { saveGap, saveRecord } from "../../../client/conversation/history.ts";
import { putEntry, unsealedEntry } from "../../../client/conversation/outbox.ts";
import { sealEntries } from "../../../client/conversation/seal-entries.ts";
import { stateAfterGap, unknown } from "../../../client/conversation/state.ts";
import { unpad } from "../../../crypto/device/padding.ts";
import { decodePayload } from "../../../crypto/device/payload.ts";
import type { LastSeen } from "../../../crypto/wire/payload.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { SealRequest, Suite } from "../../../crypto/device/suite.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type {
  ConversationId,
  DeviceId,
  UserId,
  MessageId,
  TenantId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const peer = newId<DeviceId>();
const account = { tenant: newId<TenantId>(), user: newId<UserId>(), device: newId<DeviceId>() };
const hashOf = (seq: number) => new Uint8Array(32).fill(seq);

/**
 * Seals a message on a device that saw events and gaps.
 * @param seen the events that it saw, one number each
 * @param gaps the first and the last event of each gap
 * @returns what the message says that the device saw last
 */
async function lastSeenIn(
  seen: readonly number[],
  gaps: readonly (readonly [from: number, to: number])[],
): Promise<LastSeen> {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const id = newId<MessageId>();
  await store.transact(async (transaction) => {
    for (const seq of seen)
      saveRecord(transaction, conversation, seq, {
        kind: "message",
        senderDevice: peer,
        sender: newId<UserId>(),
        clientMessageId: newId(),
        epoch: 1,
        receivedAtMs: seq,
        transcriptHash: hashOf(seq),
        text: "hello",
        payload: undefined,
        frankingKey: undefined,
        signature: undefined,
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
        grantedBy: undefined,
      });
    for (const [from, to] of gaps)
      saveGap(transaction, conversation, { from, to, reason: "purged" });
    putEntry(transaction, conversation, id, unsealedEntry({ text: "I missed something" }, 0));
  });
  const lastEvent = seen.at(-1) ?? 0;
  const lastGap = gaps.at(-1)?.[1] ?? 0;
  const before = { ...unknown, epoch: 1, joined: true, seq: lastEvent, afterGap: false };
  const known = { ...before, transcriptHash: hashOf(lastEvent) };
  const state = lastGap > lastEvent ? stateAfterGap(known, lastGap) : known;
  let plaintext = new Uint8Array(0);
  const suite = {
    async seal(_transaction: unknown, request: SealRequest) {
      plaintext = Uint8Array.from(request.plaintext);
      return { keyId: uuidv7(), ciphertext: new Uint8Array(1), packets: [] };
    },
  } as unknown as Suite;
  const [keyLog, lists] = [{ headFor: () => undefined }, { now: () => 0 }];
  const sign = () => Promise.resolve(new Uint8Array(64));
  const deps = { store, suite, conversation, account, sign, keyLog, lists };
  await sealEntries(deps, [id], () => state, { nowMs: 0 });
  return decodePayload(unpad(plaintext).payload).lastSeen;
}

test("a message names the newest event", async () => {
  expect(await lastSeenIn([1, 2, 3], [])).toEqual({ seq: 3, transcriptHash: hashOf(3) });
});

test("after a gap at the end, it names the last event that the device saw before the gap (R29)", async () => {
  expect(await lastSeenIn([1, 2], [[3, 9]])).toEqual({ seq: 2, transcriptHash: hashOf(2) });
});

test("after two gaps of any length, a message names the last event before both", async () => {
  const gaps = [
    [3, 9],
    [10, 5000],
  ] as const;
  expect(await lastSeenIn([1, 2], gaps)).toEqual({ seq: 2, transcriptHash: hashOf(2) });
});

test("a message names no event if the device saw none", async () => {
  expect(await lastSeenIn([], [[1, 7]])).toEqual({ seq: 0, transcriptHash: zeroHash });
});

test("a gap before the newest event changes nothing", async () => {
  expect(await lastSeenIn([1, 8], [[2, 7]])).toEqual({ seq: 8, transcriptHash: hashOf(8) });
});
