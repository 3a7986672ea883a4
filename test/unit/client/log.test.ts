import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { ConversationLog } from "../../../client/conversation/log.ts";
import { saveRecord } from "../../../client/conversation/history.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  nilId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { limits } from "./log-double.ts";

const device = newId<DeviceId>();

async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const log = new ConversationLog(
    newId<ConversationId>(),
    { tenant: nilId(), device, user: nilId() },
    store,
    limits,
    undefined,
  );
  const append = async (seq: number) => {
    await store.transact(async (transaction) =>
      saveRecord(transaction, log.id, seq, {
        kind: "message",
        senderDevice: device,
        sender: nilId(),
        clientMessageId: nilId<MessageId>(),
        epoch: 1,
        receivedAtMs: 0,
        transcriptHash: zeroHash,
        text: `text ${seq}`,
        attachment: undefined,
        restored: undefined,
        about: undefined,
        arrived: [],
        departed: [],
        enters: false,
        payload: undefined,
        frankingKey: undefined,
        signature: undefined,
        frankingTag: zeroHash,
        control: undefined,
        problems: [],
        gap: undefined,
        device: undefined,
        grantedBy: undefined,
      }),
    );
    const flags = { joined: true, closed: false, invalid: false, malformed: false };
    const restored = {
      restores: 0,
      cuts: [],
      withheld: [],
      withheldMembers: [],
      uncertified: [],
      unaccepted: [],
    };
    const members = { members: [], unseen: false, arrivedAt: 0, changedAt: 0, afterGap: false };
    log.advance({ ...flags, ...restored, ...members, epoch: 1, seq, transcriptHash: zeroHash });
  };
  const read = async (after: number, count: number): Promise<number[]> => {
    const seqs: number[] = [];
    for await (const { seq } of log.items(after)) {
      seqs.push(seq);
      if (seqs.length === count) break;
    }
    return seqs;
  };
  return { log, store, append, read };
}

const numbers = (from: number, until: number) =>
  Array.from({ length: until - from + 1 }, (_, index) => from + index);

describe("reading a conversation", () => {
  test("gives history, then new items, each once and in order, to every reader", async () => {
    const { append, read } = await setUp();
    for (const seq of numbers(1, 100)) await append(seq);
    const readers = [read(0, 300), read(64, 236), read(250, 50)];
    for (const seq of numbers(101, 300)) await append(seq);
    expect(await Promise.all(readers)).toEqual([
      numbers(1, 300),
      numbers(65, 300),
      numbers(251, 300),
    ]);
  });

  test("skips what this device was never shown", async () => {
    const { append, read } = await setUp();
    for (const seq of [1, 2, 7, 8]) await append(seq);
    expect(await read(0, 4)).toEqual([1, 2, 7, 8]);
    expect(await read(3, 2)).toEqual([7, 8]);
  });

  test("reports a problem once to the current readers", async () => {
    const { log, append } = await setUp();
    await append(1);
    const reader = log.items(0);
    expect((await reader.next()).value).toMatchObject({ seq: 1 });
    const next = reader.next();
    expect(log.report(2, "missing_event")).toBeDefined();
    expect(log.report(2, "missing_event")).toBeUndefined();
    expect((await next).value).toEqual({ kind: "problem", seq: 2, code: "missing_event" });
    await append(2);
    expect((await reader.next()).value).toMatchObject({ kind: "message", seq: 2 });
  });

  test("ends silently if the caller closed it, and with the reason otherwise", async () => {
    const displaced = new SealdeskError("displaced", "");
    for (const quietly of [true, false]) {
      const { log, append, store } = await setUp();
      await append(1);
      const reader = log.items(0);
      await reader.next();
      const next = reader.next();
      log.end(displaced, quietly);
      await store.close();
      if (quietly) expect(await next).toEqual({ done: true, value: undefined });
      else await expect(next).rejects.toBe(displaced);
      await expect(log.reached(2)).rejects.toBe(displaced);
    }
  });
});
