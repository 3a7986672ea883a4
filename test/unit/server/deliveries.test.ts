import { randomUUID } from "node:crypto";
import { jest } from "@jest/globals";
import { zeroHash } from "../../../crypto/wire/event.ts";
import { decodeFrame } from "../../../crypto/wire/frame.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  SessionId,
  MessageId,
} from "../../../crypto/wire/ids.ts";
import { OverloadError } from "../../../db/fairness/overload-error.ts";
import type { EventsRequest } from "../../../messaging/follow/event-rows.ts";
import type { DeliverableEvent } from "../../../messaging/log/event.ts";
import { MessagingError } from "../../../messaging/messaging-error.ts";
import { deliverFrame } from "../../../server/socket/frames.ts";
import { Deliveries } from "../../../server/socket/deliveries.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const tenant = newId<TenantId>();

const event = (seq: number): DeliverableEvent => ({
  tenant,
  conversation,
  seq,
  kind: "message",
  senderDevice: newId<DeviceId>(),
  epoch: 1,
  keyId: randomUUID(),
  clientMessageId: newId<MessageId>(),
  receivedAtMs: 1,
  ciphertext: new Uint8Array(1),
  commitment: zeroHash,
  frankingTag: zeroHash,
  transcriptHash: zeroHash,
  packet: undefined,
  previousHash: zeroHash,
});

/** Deliveries of one device that can read the events up to `log.head`, and what they did. */
function deliveriesOf(
  log: { head: number },
  allowed: Promise<void> = Promise.resolve(),
  onRead: () => void = () => undefined,
) {
  const told: string[] = [];
  const finished: unknown[] = [];
  const restricted: ConversationId[] = [];
  const deliveries = new Deliveries({
    actor: {
      tenant,
      user: newId<UserId>(),
      role: "agent",
      device: newId<DeviceId>(),
      session: newId<SessionId>(),
      method: "password",
      policy: defaultPolicy,
      signIn: unknownSignIn,
    },
    // Like the database, this returns what is committed at the time of the read.
    async readEvents({ afterSeq, untilSeq }: EventsRequest) {
      await allowed;
      onRead();
      const until = Math.min(log.head, untilSeq);
      return Array.from({ length: until - afterSeq }, (_, index) => event(afterSeq + 1 + index));
    },
    transmit(frame) {
      const { kind, body } = decodeFrame(frame);
      told.push(kind === "deliver" ? String(body.seq) : kind);
    },
    isClogged: () => false,
    onFinished: (...what) => void finished.push(what),
    onRestricted: (id) => void restricted.push(id),
    onError: (error) => {
      throw error;
    },
  });
  return { deliveries, told, finished, restricted };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const followed = (
  changes: Partial<Parameters<Deliveries["follow"]>[0]> = {},
): Parameters<Deliveries["follow"]>[0] => ({
  conversation,
  head: 2,
  epoch: 1,
  closed: false,
  ranges: [{ fromSeq: 1, untilSeq: undefined }],
  cursor: 0,
  mayOpen: true,
  ...changes,
});

test("a device that is removed while a page is read for it gets nothing after its removal", async () => {
  const log = { head: 2 };
  let read = () => {};
  const allowed = new Promise<void>((resolve) => (read = resolve));
  const { deliveries, told } = deliveriesOf(log, allowed);
  deliveries.follow(followed());
  deliveries.open();
  deliveries.onAck(conversation, 0);
  deliveries.resume();
  // Event 3 removes the device. Events 4 and 5 are for the remaining members.
  log.head = 5;
  deliveries.onLeft(conversation, 3);
  for (const seq of [3, 4, 5]) deliveries.onHead(conversation, seq);
  read();
  for (let turn = 0; turn < 10; turn++) await settled();
  expect(told).toEqual(["1", "2", "3", "synced"]);
});

afterEach(() => {
  jest.useRealTimers();
});

test("a device that may not open a restricted conversation follows it no more, and its place in the window is free", async () => {
  let isRestricted = false;
  const refuse = () => {
    if (isRestricted) throw new MessagingError("processing_restricted", "It is only stored.");
  };
  const log = { head: 2 };
  const { deliveries, told, restricted } = deliveriesOf(log, Promise.resolve(), refuse);
  deliveries.follow(followed());
  deliveries.open();
  deliveries.onAck(conversation, 0);
  deliveries.resume();
  for (let turn = 0; turn < 10; turn++) await settled();
  isRestricted = true;
  log.head = 3;
  deliveries.onHead(conversation, 3);
  for (let turn = 0; turn < 10; turn++) await settled();
  expect([told, restricted]).toEqual([["1", "2", "synced"], [conversation]]);
  expect(deliveries.headOf(conversation)).toBeUndefined();
  // The restriction ends, and the device is told of the conversation again, from where it was.
  isRestricted = false;
  deliveries.onJoined(conversation, 1);
  deliveries.onHead(conversation, 3);
  for (let turn = 0; turn < 10; turn++) await settled();
  expect(told).toEqual(["1", "2", "synced", "1", "2", "3"]);
});

test("a read that finds the database overloaded is made again later, on the same connection", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate"] });
  let reads = 0;
  const overloaded = () => {
    reads++;
    if (reads <= 3) throw new OverloadError("Too much waits already.");
  };
  const { deliveries, told } = deliveriesOf({ head: 2 }, Promise.resolve(), overloaded);
  deliveries.follow(followed());
  deliveries.open();
  deliveries.onAck(conversation, 0);
  deliveries.resume();
  for (let failed = 1; failed <= 3; failed++) {
    for (let turn = 0; turn < 10; turn++) await settled();
    // It waits, and asks nothing meanwhile.
    deliveries.resume();
    expect([reads, told]).toEqual([failed, []]);
    await jest.advanceTimersByTimeAsync(1_000);
  }
  for (let turn = 0; turn < 10; turn++) await settled();
  expect(told).toEqual(["1", "2", "synced"]);
});

test("no event is sent before the welcome, or of a conversation before its first acknowledgement", async () => {
  const { deliveries, told } = deliveriesOf({ head: 3 });
  deliveries.follow(followed());
  deliveries.onHead(conversation, 3);
  deliveries.onAck(conversation, 1);
  deliveries.resume();
  await settled();
  expect(told).toEqual([]);
  deliveries.open();
  for (let turn = 0; turn < 10; turn++) await settled();
  expect(told).toEqual(["2", "3", "synced"]);

  const other = deliveriesOf({ head: 3 });
  other.deliveries.follow(followed());
  other.deliveries.open();
  other.deliveries.onHead(conversation, 3);
  await settled();
  expect(other.told).toEqual([]);
});

test("a membership that began while the list was read is not lost, and begins with its event", async () => {
  const { deliveries, told } = deliveriesOf({ head: 9 });
  deliveries.onJoined(conversation, 8);
  deliveries.onHead(conversation, 9);
  // The list is from before the device came back.
  deliveries.follow(followed({ head: 2, ranges: [{ fromSeq: 1, untilSeq: 2 }] }));
  deliveries.open();
  deliveries.onAck(conversation, 1);
  deliveries.resume();
  for (let turn = 0; turn < 20; turn++) await settled();
  expect(told).toEqual(["2", "8", "9", "synced"]);
});

test("the first event of a membership is sent at its commit, without a read", () => {
  const onRead = () => {
    throw new Error("nothing is read");
  };
  const { deliveries, told } = deliveriesOf({ head: 8 }, Promise.resolve(), onRead);
  deliveries.open();
  deliveries.onJoined(conversation, 9);
  deliveries.onEvent({ ...event(9), packets: [] }, () => deliverFrame(event(9)));
  expect(told).toEqual(["9"]);
});

describe("a conversation is finished", () => {
  const left = { ranges: [{ fromSeq: 1, untilSeq: 2 }] };

  test.each([
    ["left", left, true],
    ["closed", { closed: true }, false],
  ])("when it is %s and everything is acknowledged", async (_, what, isLeft) => {
    const { deliveries, finished } = deliveriesOf({ head: 2 });
    deliveries.follow(followed(what));
    deliveries.open();
    deliveries.onAck(conversation, 0);
    deliveries.resume();
    for (let turn = 0; turn < 10; turn++) await settled();
    deliveries.onAck(conversation, 1);
    expect(finished).toEqual([]);
    deliveries.onAck(conversation, 2);
    expect(finished).toEqual([[conversation, 2, isLeft]]);
  });

  test("also when everything was acknowledged on an earlier connection", async () => {
    const { deliveries, finished, told } = deliveriesOf({ head: 2 });
    deliveries.follow(followed({ ...left, cursor: 2 }));
    deliveries.open();
    expect(deliveries.onAck(conversation, 2)).toBeUndefined();
    deliveries.resume();
    await settled();
    expect(told).toEqual(["synced"]);
    expect(finished).toEqual([[conversation, 2, true]]);
  });

  test("not while it is open", async () => {
    const { deliveries, finished } = deliveriesOf({ head: 2 });
    deliveries.follow(followed());
    deliveries.open();
    expect(deliveries.onAck(conversation, 2)).toBe(2);
    deliveries.resume();
    await settled();
    expect(finished).toEqual([]);
  });
});
