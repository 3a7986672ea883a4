/** The events that the relay can put into a log. Each is made once, so equal ones are the same object. */
import { encodePayload } from "../../crypto/wire/payload.ts";
import { ready, sha256 } from "../../crypto/device/sodium.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { nilUuid, transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import {
  decodeControl,
  encodeControl,
  type Control,
  type Deliver,
} from "../../crypto/wire/frame.ts";
import {
  nilId,
  parseId,
  type DeviceId,
  type MessageId,
  type UserId,
} from "../../crypto/wire/ids.ts";
import type { MembershipAct } from "../../crypto/wire/membership.ts";
import type { Receipt } from "../../crypto/wire/receipt.ts";
import { needsReceipt, receiptFor, receiptOf } from "../../crypto/wire/receipt-checks.ts";
import {
  actingDevice,
  anna,
  conversation,
  deviceName,
  nameOf,
  namesOf,
  tenant,
  type Owner,
} from "./cast.ts";
import { withReceipt } from "./receipts.ts";

await ready;

/** A hash, with all that it covers as text. */
export interface Hash {
  readonly bytes: Uint8Array;
  readonly covers: string;
}

export const beginning: Hash = { bytes: zeroHash, covers: "" };
/** The hash of a log that no honest device has seen. */
export const elsewhere: Hash = { bytes: sha256(utf8("elsewhere")), covers: "a log elsewhere; " };

/** A message as its author sealed it. The relay can show it at any place, and cannot change it. */
export interface Said {
  readonly text: string;
  readonly author: Owner;
  readonly epoch: number;
  readonly id: MessageId;
  /** The devices that were given the key. */
  readonly readers: readonly DeviceId[];
  readonly payload: Uint8Array;
  /** The events that the author had, by seq. */
  readonly saw: ReadonlyMap<number, Hash>;
}

export interface Message {
  readonly kind: "message";
  readonly label: string;
  readonly said: Said;
  /** The device that the relay names as the sender. */
  readonly from: Owner;
}

/** What an event says, wherever it stands. */
export type Content =
  | Message
  | {
      readonly kind: MembershipAct["kind"];
      readonly label: string;
      readonly control: Control;
      /** False if the creation record is not what Anna signed. */
      readonly genuine: boolean;
      /** False if the relay made the act in the name of its author. */
      readonly isSigned: boolean;
      /** The event that the author had seen last. Undefined for the one before, wherever the act stands. */
      readonly after: LastSeen | undefined;
    };

/** The end of a log. */
export interface LastSeen {
  readonly seq: number;
  readonly hash: Hash;
}

/** An event at its place. */
export interface Placed {
  readonly event: Deliver;
  readonly content: Content;
  readonly hash: Hash;
  readonly previous: Hash;
  /** What every device reads from the event. Undefined for a message. */
  readonly read: ReadControl | undefined;
}

interface ReadControl {
  readonly control: Control;
  /** The receipt that it carries, and the same if it is about this event. */
  readonly carried: Receipt | undefined;
  readonly receipt: Receipt | undefined;
}

/** Makes each thing once for its name. */
function once<T>(made: Map<string, T>, name: string, make: () => T): T {
  const known = made.get(name) ?? make();
  made.set(name, known);
  return known;
}

const acts = new Map<string, Content>();
const messages = new Map<string, Message>();
const events = new Map<string, Placed>();

/** Anna, who began the conversation. Keys are none of the model's. */
const creator = {
  user: anna.user,
  accountKey: zeroHash,
  deviceKey: zeroHash,
  identityKey: new Uint8Array(33),
  receiptKey: zeroHash,
  certificate: new Uint8Array(64),
};

export interface Act extends Pick<MembershipAct, "kind" | "actor" | "subject" | "members"> {
  readonly epoch: number;
  /** The users whom Anna named in the creation record. */
  readonly named: readonly UserId[];
  readonly genuine?: boolean;
  readonly isSigned?: boolean;
  readonly after?: LastSeen;
}

/** Returns what a membership event says. */
export function act({ genuine = true, isSigned = true, named, after, ...said }: Act): Content {
  const { kind, actor, subject, members, epoch } = said;
  const about = subject === actor ? "" : ` ${nameOf(subject)}`;
  const forged = genuine ? "" : " with a forged creation record";
  const unsigned = isSigned ? "" : " unsigned";
  const seen = after === undefined ? "" : ` who had {${after.hash.covers}}`;
  const by = `by ${nameOf(actor)}${seen}`;
  const label = `${kind}${about} ${by}, epoch ${epoch} [${namesOf(members)}]${forged}${unsigned}`;
  const creation: Control["creation"] = {
    suite: "signal-v1",
    device: anna.devices[0]!,
    signature: new Uint8Array(64).fill(genuine ? 1 : 0),
    creator,
    users: [...named],
  };
  const brings = ["created", "member_added", "device_added"].includes(kind);
  return once(acts, label, () => ({
    kind,
    label,
    genuine,
    isSigned,
    after,
    control: {
      epoch,
      actor,
      subject,
      members: [...members],
      creation: brings ? creation : undefined,
      receipt: undefined,
      signer: undefined,
      staffCertificate: undefined,
    },
  }));
}

/**
 * Seals a message.
 * @param lastSeen the last event that the author has, with its hash
 */
export function seal(
  said: Pick<Said, "author" | "epoch" | "readers" | "saw">,
  lastSeen: LastSeen,
): Message {
  const { author, epoch, readers, saw } = said;
  const of = `${[...saw.keys()].join(" ")} of {${lastSeen.hash.covers}}`;
  const to = readers.map(deviceName).join(" ") || "nobody";
  const text = `${author.name} to ${to}, epoch ${epoch}, who had ${of}`;
  return once(messages, text, () => {
    const id = parseId<MessageId>(
      `00000000-0000-7000-9000-${String(messages.size).padStart(12, "0")}`,
    );
    const payload = encodePayload({
      conversation,
      senderDevice: author.device,
      epoch,
      clientMessageId: id,
      lastSeen: { seq: lastSeen.seq, transcriptHash: lastSeen.hash.bytes },
      body: { kind: "text", text },
    });
    const label = `message: ${text}`;
    return { kind: "message", label, said: { ...said, text, id, payload }, from: author };
  });
}

/** Seals a message again that somebody could open, under their own key. */
export const sealedAgain = ({ label, said }: Message, from: Owner): Message =>
  once(messages, `${label} from ${from.name}`, () => ({
    kind: "message",
    label: `sealed again by ${from.name}, ${label}`,
    said,
    from,
  }));

/** Puts an event at a place in a log. */
export function place(content: Content, seq: number, previous: Hash): Placed {
  const covers = `${previous.covers}${seq} ${content.label}; `;
  return once(events, covers, () => {
    const header = { ...headerOf(content), conversation, seq, keyId: nilUuid, receivedAtMs: 1 };
    const after = "after" in content ? content.after : undefined;
    const point = { seq: after?.seq ?? seq - 1, hash: (after?.hash ?? previous).bytes };
    const ciphertext =
      content.kind === "message"
        ? utf8(content.label)
        : encodeControl(withReceipt(content.kind, content.control, header.senderDevice, point));
    const bytes = transcriptHash(sha256, previous.bytes, header, ciphertext, zeroHash);
    const event: Deliver = {
      ...header,
      ciphertext,
      commitment: zeroHash,
      frankingTag: zeroHash,
      transcriptHash: bytes,
      packet: undefined,
      previousHash: previous.bytes,
    };
    return { event, content, hash: { bytes, covers }, previous, read: readFrom(event) };
  });
}

function readFrom(event: Deliver): ReadControl | undefined {
  if (event.kind === "message") return undefined;
  const control = decodeControl(event.ciphertext);
  const receipt = receiptFor(sha256, tenant, event, control);
  return { control, carried: receiptOf(control), receipt };
}

function headerOf(content: Content) {
  const { kind } = content;
  if (kind !== "message")
    return {
      kind,
      senderDevice: needsReceipt(kind)
        ? actingDevice(content.control.actor, content.control.members)
        : nilId<DeviceId>(),
      epoch: content.control.epoch,
      clientMessageId: nilId<MessageId>(),
    };
  const { epoch, id } = content.said;
  return { kind, senderDevice: content.from.device, epoch, clientMessageId: id };
}
