import { wireLimits } from "../crypto/wire/frame.ts";
import { uuidv7TimeMs } from "../crypto/wire/uuid.ts";
import type { DeviceId, MessageId } from "../crypto/wire/ids.ts";
import { decideUnderSanction, SANCTIONED, type Sanction } from "./sanctions.ts";

/** The relay's facts about a conversation when it decides about a message. */
export interface AdmissionFacts {
  readonly state: "open" | "closed";
  readonly epoch: number;
  /** Whether the person whom the conversation is about is being erased. */
  readonly isFenced: boolean;
  /** Whether the processing of the conversation is restricted. */
  readonly isRestricted: boolean;
  /** Current member devices. */
  readonly devices: ReadonlySet<DeviceId>;
  /** Devices that were members before. */
  readonly formerDevices: ReadonlySet<DeviceId>;
  readonly keyMaxMessages: number;
  readonly keyMaxAgeMs: number;
}

/** A sending key that was used in the conversation before. */
export interface SenderKeyFacts {
  readonly device: DeviceId;
  readonly epoch: number;
  readonly startedAtMs: number;
  readonly messages: number;
}

/** A message that a device asks to add to the log. */
export interface MessageFacts {
  readonly senderDevice: DeviceId;
  readonly clientMessageId: MessageId;
  readonly epoch: number;
  readonly ciphertextBytes: number;
  readonly packetDevices: readonly DeviceId[];
  /** True if the key that would seal it in storage is destroyed. */
  readonly erased: boolean;
  /** Whether `decideConversation` allows the sender to post here. */
  readonly mayPost: boolean;
  /** The sanction of a moderator on the sending device. */
  readonly sanction?: Sanction | undefined;
}

export type AdmissionRefusal =
  | "stale_message_id"
  | "not_a_member"
  | "forbidden" // the role of the sender's account does not post
  | "conversation_closed"
  | "message_too_large"
  | "stale_epoch"
  | "key_expired"
  | "device_mismatch"
  | "subject_erased" // the person whom the conversation is about is being erased
  | "sanctioned" // a moderator has muted or banned the account or the device
  | "processing_restricted" // the conversation is only stored, until the restriction is lifted
  | "quota_exceeded" // the account or the tenant stores no more for now: see `decideMessageQuota`
  | "key_destroyed"; // what the sender wrote in this conversation is erased

export type Admission =
  | { readonly admitted: true; readonly newKey: boolean }
  | {
      readonly admitted: false;
      readonly code: AdmissionRefusal;
      readonly missing: readonly DeviceId[];
      readonly extra: readonly DeviceId[];
      readonly stale: readonly DeviceId[];
      /** Milliseconds after which the same message can be admitted; 0 if that does not help. */
      readonly retryAfterMs: number;
    };

const DAY_MS = 86_400_000;
const MAX_AGE_MS = 30 * DAY_MS;
const MAX_AHEAD_MS = 5 * 60_000;

const refuse = (code: AdmissionRefusal): Admission => ({
  admitted: false,
  code,
  missing: [],
  extra: [],
  stale: [],
  retryAfterMs: 0,
});

/**
 * Decides whether a message may be stored, from the facts that the server knows without a message
 * key.
 * @param key the known facts about the message's key id; undefined on its first use
 * @param nowMs milliseconds since the Unix epoch
 */
export function decideAdmission(
  facts: AdmissionFacts,
  key: SenderKeyFacts | undefined,
  message: MessageFacts,
  nowMs: number,
): Admission {
  // Checked first, because every other answer reveals something about the conversation.
  if (!facts.devices.has(message.senderDevice)) return refuse("not_a_member");
  if (facts.isFenced) return refuse("subject_erased");
  if (facts.isRestricted) return refuse("processing_restricted");
  if (!message.mayPost)
    return refuse(facts.state === "closed" ? "conversation_closed" : "forbidden");
  if (!decideUnderSanction("post", message.sanction).allowed) return refuse(SANCTIONED);
  const madeAtMs = uuidv7TimeMs(message.clientMessageId);
  if (madeAtMs === undefined || madeAtMs < nowMs - MAX_AGE_MS || madeAtMs > nowMs + MAX_AHEAD_MS)
    return refuse("stale_message_id");
  if (message.erased) return refuse("key_destroyed");
  if (message.ciphertextBytes > wireLimits.ciphertext) return refuse("message_too_large");
  if (message.epoch !== facts.epoch) return refuse("stale_epoch");
  if (key === undefined) return decidePackets(facts, message);
  const mine = key.device === message.senderDevice && key.epoch === facts.epoch;
  const fresh = key.messages < facts.keyMaxMessages && nowMs - key.startedAtMs < facts.keyMaxAgeMs;
  if (!mine || !fresh) return refuse("key_expired");
  // Packets belong to the first message of a key. Under a known key, no device may receive another key.
  if (message.packetDevices.length > 0)
    return { ...refuse("device_mismatch"), extra: message.packetDevices } as Admission;
  return { admitted: true, newKey: false };
}

/**
 * Requires that the first message under a key carries that key to exactly the other member devices.
 */
function decidePackets(facts: AdmissionFacts, message: MessageFacts): Admission {
  const given = new Set(message.packetDevices);
  const missing: DeviceId[] = [];
  for (const device of facts.devices)
    if (device !== message.senderDevice && !given.has(device)) missing.push(device);
  const extra: DeviceId[] = [];
  const stale: DeviceId[] = [];
  for (const device of given)
    if (!facts.devices.has(device)) (facts.formerDevices.has(device) ? stale : extra).push(device);
    else if (device === message.senderDevice) extra.push(device);
  const repeated = given.size !== message.packetDevices.length;
  if (missing.length === 0 && extra.length === 0 && stale.length === 0 && !repeated)
    return { admitted: true, newKey: true };
  return { admitted: false, code: "device_mismatch", missing, extra, stale, retryAfterMs: 0 };
}
