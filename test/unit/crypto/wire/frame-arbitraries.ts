/** Any frame, and any content of a membership event, for property tests. */
import fc from "fast-check";
import {
  activityKinds,
  eventKinds,
  presenceStates,
  type Control,
  type Frame,
} from "../../../../crypto/wire/frame.ts";
import { uuidFromBytes } from "../../../../crypto/wire/uuid.ts";
import { idFromBytes, type UserId, type DeviceId } from "../../../../crypto/wire/ids.ts";

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const uuid = sixteen.map((bytes) => uuidFromBytes(bytes));
const userId = sixteen.map((bytes) => idFromBytes<UserId>(bytes));
const deviceId = sixteen.map((bytes) => idFromBytes<DeviceId>(bytes));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint53 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 32));
const text = (bytes: number) =>
  fc
    .string({ unit: "binary", maxLength: bytes })
    .filter((value) => Buffer.byteLength(value) <= bytes);
const bytes = fc.uint8Array({ maxLength: 300 });
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 4 });
// Absent and empty are the same in proto3 if a field has no presence of its own.
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const words = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];
const cursor = fc.record({ conversation: uuid, seq: uint53 });

const bodies = {
  hello: fc.record({
    version: uint32,
    accessToken: text(200),
    deviceProof: text(200),
    generation: uint53,
    includeFinished: fc.boolean(),
  }),
  send: fc.record({
    conversation: uuid,
    clientMessageId: uuid,
    epoch: uint32,
    keyId: uuid,
    ciphertext: bytes,
    commitment: hash,
    packets: list(fc.record({ device: uuid, bytes })),
  }),
  ack: fc.record({ cursors: list(cursor) }),
  heads: fc.record({
    heads: list(
      fc.record({ conversation: uuid, seq: uint53, epoch: uint32, acknowledged: uint53 }),
    ),
  }),
  welcome: fc.record({
    device: uuid,
    limits: fc.record({
      maxCiphertextBytes: uint32,
      maxFrameBytes: uint32,
      window: uint32,
      keyMaxMessages: uint32,
      keyMaxAgeMs: uint32,
      revisionMs: uint32,
    }),
    lastGeneration: uint53,
  }),
  accepted: fc.record({
    conversation: uuid,
    clientMessageId: uuid,
    seq: uint53,
    receivedAtMs: uint53,
    transcriptHash: hash,
    frankingTag: hash,
  }),
  refused: fc.record({
    conversation: uuid,
    clientMessageId: uuid,
    code: text(64),
    message: text(512),
    epoch: uint32,
    devices: list(uuid),
    missing: list(uuid),
    extra: list(uuid),
    stale: list(uuid),
    retryAfterMs: uint32,
  }),
  deliver: fc.record({
    conversation: uuid,
    seq: uint53,
    kind: fc.constantFrom(...words(eventKinds)),
    senderDevice: uuid,
    epoch: uint32,
    keyId: uuid,
    clientMessageId: uuid,
    receivedAtMs: uint53,
    ciphertext: bytes,
    commitment: hash,
    frankingTag: hash,
    transcriptHash: hash,
    packet: maybe(fc.uint8Array({ minLength: 1, maxLength: 300 })),
    previousHash: hash,
  }),
  synced: cursor,
  fault: fc.record({ code: text(64), message: text(512), retryAfterMs: uint32 }),
  ackGap: fc.record({ conversation: uuid, to: uint53 }),
  gap: fc.record({ conversation: uuid, from: uint53, to: uint53, reason: text(64) }),
  activity: fc.record({
    conversation: uuid,
    kind: fc.constantFrom(...words(activityKinds)),
    seq: uint53,
    device: maybe(uuid),
  }),
  presence: fc.record({
    state: fc.constantFrom(...words(presenceStates)),
    user: maybe(uuid),
    since: uint53,
  }),
  heartbeat: fc.constant({}),
  erasures: fc.constant({}),
} satisfies Record<Frame["kind"], unknown>;

export const frames = fc.oneof(
  ...Object.entries(bodies).map(([kind, of]) =>
    (of as fc.Arbitrary<unknown>).map((body) => ({ kind, body }) as Frame),
  ),
);
const fixedBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const deviceProofs = fc.record({
  user: userId,
  accountKey: fixedBytes(32),
  deviceKey: fixedBytes(32),
  identityKey: fixedBytes(33),
  receiptKey: fixedBytes(32),
  certificate: fixedBytes(64),
});
export const controls: fc.Arbitrary<Control> = fc.record({
  epoch: uint32,
  actor: userId,
  subject: userId,
  members: list(fc.record({ user: userId, role: text(32), devices: list(deviceId) })),
  creation: maybe(
    fc.record({
      suite: text(32),
      device: deviceId,
      signature: fixedBytes(64),
      users: list(userId),
      creator: maybe(deviceProofs),
    }),
  ),
  receipt: maybe(fc.record({ text: bytes, signature: fixedBytes(64) })),
  signer: maybe(deviceProofs),
  staffCertificate: maybe(fc.record({ text: bytes, signature: fixedBytes(64) })),
});
