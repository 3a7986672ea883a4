import { equalBytes } from "./bytes.ts";
import {
  bytes,
  choice,
  conversationId,
  decode,
  deviceId,
  encode,
  fixed,
  flag,
  list,
  message,
  messageId,
  nested,
  oneOf,
  optional,
  text,
  uint,
  userId,
  uuid,
  type MessageOf,
} from "./protobuf.ts";
import { ecKeyBytes } from "./key-sizes.ts";
import { maxReceiptBytes } from "./receipt.ts";
import { maxStaffCertificateBytes } from "./staff-certificate.ts";
import { WireError } from "./wire-error.ts";

/**
 * The protocol's hard limits, which no tenant can change. They are in bytes unless the name says
 * otherwise.
 */
export const wireLimits = {
  frame: 512 * 1024,
  /** A hello: a token and a proof of at most 8 KiB each, and a few bytes more. */
  hello: 20 * 1024,
  ciphertext: 64 * 1024,
  /** The content of a membership event: a receipt, a certificate, and the members with their 225 devices. */
  control: 64 * 1024,
  packet: 8 * 1024,
  /** As many as fit into a frame beside the largest ciphertext, if each begins a session (PQXDH: 1.9 KiB). */
  packets: 224,
  /** Of one acknowledgement. */
  cursors: 1024,
  heads: 4096,
  token: 8 * 1024,
  /** The code of a refusal, of a fault and of a gap. */
  code: 64,
  /** The sentence beside it. */
  sentence: 512,
  /** Each list of devices in a refusal. */
  refusedDevices: 4096,
  members: 4096,
  memberDevices: 256,
  role: 32,
  suite: 32,
} as const;

const uint32 = uint(0xffffffff);

const cursor = message({ conversation: [1, conversationId], seq: [2, uint()] });
const packet = message({ device: [1, deviceId], bytes: [2, bytes(wireLimits.packet)] });
const head = message({
  conversation: [1, conversationId],
  seq: [2, uint()],
  epoch: [3, uint32],
  acknowledged: [4, uint()],
});
const limits = message({
  maxCiphertextBytes: [1, uint32],
  maxFrameBytes: [2, uint32],
  window: [3, uint32],
  keyMaxMessages: [4, uint32],
  keyMaxAgeMs: [5, uint32],
  revisionMs: [6, uint32],
});

const hello = message({
  version: [1, uint32],
  accessToken: [2, text(wireLimits.token)],
  deviceProof: [3, text(wireLimits.token)],
  generation: [4, uint()],
  includeFinished: [5, flag],
});
const send = message({
  conversation: [1, conversationId],
  clientMessageId: [2, messageId],
  epoch: [3, uint32],
  keyId: [4, uuid],
  ciphertext: [5, bytes(wireLimits.frame)],
  commitment: [6, fixed(32)],
  packets: [7, list(nested(packet), wireLimits.packets)],
});
const ack = message({ cursors: [1, list(nested(cursor), wireLimits.cursors)] });
const heads = message({ heads: [1, list(nested(head), wireLimits.heads)] });
const welcome = message({
  device: [1, deviceId],
  limits: [2, nested(limits)],
  lastGeneration: [3, uint()],
});
const accepted = message({
  conversation: [1, conversationId],
  clientMessageId: [2, messageId],
  seq: [3, uint()],
  receivedAtMs: [4, uint()],
  transcriptHash: [5, fixed(32)],
  frankingTag: [6, fixed(32)],
});
const refused = message({
  conversation: [1, conversationId],
  clientMessageId: [2, messageId],
  code: [3, text(wireLimits.code)],
  message: [4, text(wireLimits.sentence)],
  epoch: [5, uint32],
  devices: [6, list(deviceId, wireLimits.refusedDevices)],
  missing: [7, list(deviceId, wireLimits.refusedDevices)],
  extra: [8, list(deviceId, wireLimits.refusedDevices)],
  stale: [9, list(deviceId, wireLimits.refusedDevices)],
  retryAfterMs: [10, uint32],
});

/** Kinds of event, with their numbers in frames.proto. */
export const eventKinds = {
  message: 1,
  created: 2,
  member_added: 3,
  member_removed: 4,
  device_added: 5,
  device_removed: 6,
  closed: 7,
  history_granted: 8,
  consent_changed: 9,
} as const;
export type EventKind = keyof typeof eventKinds;

const deliver = message({
  conversation: [1, conversationId],
  seq: [2, uint()],
  kind: [3, choice(eventKinds)],
  senderDevice: [4, deviceId],
  epoch: [5, uint32],
  keyId: [6, uuid],
  clientMessageId: [7, messageId],
  receivedAtMs: [8, uint()],
  ciphertext: [9, bytes(wireLimits.frame)],
  commitment: [10, fixed(32)],
  frankingTag: [11, fixed(32)],
  transcriptHash: [12, fixed(32)],
  packet: [13, optional(bytes(wireLimits.packet))],
  previousHash: [14, fixed(32)],
});
const synced = message({ conversation: [1, conversationId], seq: [2, uint()] });
const fault = message({
  code: [1, text(wireLimits.code)],
  message: [2, text(wireLimits.sentence)],
  retryAfterMs: [3, uint32],
});

const gap = message({
  conversation: [1, conversationId],
  from: [2, uint()],
  to: [3, uint()],
  reason: [4, text(wireLimits.code)],
});
const ackGap = message({ conversation: [1, conversationId], to: [2, uint()] });

/** The activities that a member may be seen doing, with the numbers in frames.proto. */
export const activityKinds = { typing: 1, stopped: 2, delivered: 3, read: 4 } as const;
export type ActivityKind = keyof typeof activityKinds;
const activity = message({
  conversation: [1, conversationId],
  kind: [2, choice(activityKinds)],
  seq: [3, uint()],
  device: [4, optional(deviceId)],
});

/** Whether a user can be reached, with the numbers in frames.proto. */
export const presenceStates = { online: 1, idle: 2, offline: 3 } as const;
export type PresenceState = keyof typeof presenceStates;
const presence = message({
  state: [1, choice(presenceStates)],
  user: [2, optional(userId)],
  since: [3, uint()],
});

const heartbeat = message({});
const erasures = message({});

/** Tags of the frame's oneof, as in frames.proto. */
const frame = oneOf({
  hello: [1, hello],
  send: [2, send],
  ack: [3, ack],
  ackGap: [4, ackGap],
  heads: [7, heads],
  welcome: [8, welcome],
  accepted: [9, accepted],
  refused: [10, refused],
  deliver: [11, deliver],
  synced: [12, synced],
  fault: [13, fault],
  gap: [14, gap],
  activity: [15, activity],
  presence: [16, presence],
  heartbeat: [17, heartbeat],
  erasures: [18, erasures],
});

export type Cursor = MessageOf<typeof cursor>;
export type Packet = MessageOf<typeof packet>;
export type Limits = MessageOf<typeof limits>;
export type Hello = MessageOf<typeof hello>;
export type Send = MessageOf<typeof send>;
export type Ack = MessageOf<typeof ack>;
export type Head = MessageOf<typeof head>;
export type Welcome = MessageOf<typeof welcome>;
export type Accepted = MessageOf<typeof accepted>;
export type Refused = MessageOf<typeof refused>;
export type Deliver = MessageOf<typeof deliver>;
export type Gap = MessageOf<typeof gap>;
export type AckGap = MessageOf<typeof ackGap>;
export type Activity = MessageOf<typeof activity>;
export type Presence = MessageOf<typeof presence>;

/** One frame: `kind` names the body. */
export type Frame = MessageOf<typeof frame>;
export type FrameKind = Frame["kind"];

export const encodeFrame = (value: Frame): Uint8Array => encode(frame, value);

/**
 * Parses one WebSocket message.
 * @throws WireError malformed_frame: not a frame, over a limit, or not exactly one body.
 */
export function decodeFrame(input: Uint8Array): Frame {
  if (input.length > wireLimits.frame)
    throw new WireError("malformed_frame", "The frame is over the size limit.");
  return decode(frame, input);
}

const member = message({
  user: [1, userId],
  role: [2, text(wireLimits.role)],
  devices: [3, list(deviceId, wireLimits.memberDevices)],
});
/** The canonical text of a receipt, with the signature of a receipt key. */
const signedReceipt = message({
  text: [1, bytes(maxReceiptBytes)],
  signature: [2, fixed(64)],
});
/** A device and its certificate, as a device needs it that cannot look it up. */
const deviceProof = message({
  user: [1, userId],
  accountKey: [2, fixed(32)],
  deviceKey: [3, fixed(32)],
  identityKey: [4, fixed(ecKeyBytes)],
  receiptKey: [5, fixed(32)],
  certificate: [6, fixed(64)],
});
const creation = message({
  suite: [1, text(wireLimits.suite)],
  device: [2, deviceId],
  signature: [3, fixed(64)],
  creator: [4, optional(nested(deviceProof))],
  /** The users with whom the conversation begins: the creator and those they named, in order. */
  users: [5, list(userId, wireLimits.members)],
});
/** A certificate of the tenant's authority: see `staff-certificate.ts`. */
const staffCertificate = message({
  text: [1, bytes(maxStaffCertificateBytes)],
  signature: [2, fixed(64)],
});
const control = message({
  epoch: [1, uint32],
  actor: [2, userId],
  subject: [3, userId],
  members: [4, list(nested(member), wireLimits.members)],
  creation: [5, optional(nested(creation))],
  receipt: [6, optional(nested(signedReceipt))],
  signer: [7, optional(nested(deviceProof))],
  staffCertificate: [8, optional(nested(staffCertificate))],
});

export type Member = MessageOf<typeof member>;
export type SignedReceipt = MessageOf<typeof signedReceipt>;
/** A user's device with its keys and its certificate. Its id stands beside it. */
export type DeviceProof = MessageOf<typeof deviceProof>;
/**
 * The content of every event that is not a message: the members and their devices after the event.
 */
export type Control = MessageOf<typeof control>;

export const encodeControl = (value: Control): Uint8Array => encode(control, value);
/**
 * Decodes the content of a membership event. It has exactly one encoding: fields in order of their
 * numbers, defaults left out, and no unknown fields.
 * @throws WireError malformed_frame: also if it is over the size limit
 */
export function decodeControl(input: Uint8Array): Control {
  if (input.length > wireLimits.control)
    throw new WireError("malformed_frame", "The membership event is over the size limit.");
  const decoded = decode(control, input);
  if (!equalBytes(encodeControl(decoded), input))
    throw new WireError("malformed_frame", "The membership event is not in its canonical form.");
  return decoded;
}
