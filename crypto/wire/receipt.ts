/**
 * Receipts, which a device's receipt key signs: canonical JSON (RFC 8785) after a label. The label
 * keeps a receipt from being mistaken for another signed record. Every event that a person causes
 * carries one, except messages.
 */
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";
import {
  isId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type AttachmentId,
  type GrantId,
  type ConsentId,
  type ActId,
} from "./ids.ts";

const label = utf8("sealdesk/receipt/v1");

/** Largest size of a receipt in bytes. */
export const maxReceiptBytes = 16 * 1024;
/** Most packs of one grant. Their keys must fit into one packet. */
export const maxPacks = 32;
const maxDevices = 256;

/** Why history is shared. The list is closed, and the log shows the purpose to every member. */
export const grantPurposes = ["hand_over", "second_opinion", "supervision", "own_device"] as const;
export type GrantPurpose = (typeof grantPurposes)[number];

/** The last event that the signer had checked. Before the first event, it is 0 and 32 zero bytes. */
export interface LogPoint {
  readonly seq: number;
  /** The transcript hash of the event, 32 bytes. */
  readonly hash: Uint8Array;
}

/** The fields of every receipt. */
interface Placed {
  readonly version: 1;
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  /** The event that the receipt follows. It counts at one place of one log: see `isInPlace`. */
  readonly after: LogPoint;
  /** Milliseconds since the Unix epoch, by the signer's clock. */
  readonly atMs: number;
}

/** The acts on a conversation that only change its members or its state. */
export const membershipKinds = ["created", "member_added", "member_removed", "closed"] as const;
export type MembershipKind = (typeof membershipKinds)[number];

/** A person's act on a conversation: its beginning, a change of its members, or its end. */
export interface MembershipReceipt extends Placed {
  readonly type: "membership";
  readonly id: ActId;
  readonly kind: MembershipKind;
  readonly actor: UserId;
  readonly actorDevice: DeviceId;
  /** The user who is added or removed. For the other kinds, the actor. */
  readonly subject: UserId;
  /** The epoch after the act. */
  readonly epoch: number;
  /** SHA-256 of the members after the act, as `membersBytes` encodes them. */
  readonly members: Uint8Array;
  /** Set if the actor joins with access in an emergency. Every member sees it. */
  readonly breakGlass?: BreakGlass | undefined;
}

/** The access in an emergency with which somebody joins. */
export type BreakGlass = {
  /** The id of the request that two other people approved. */
  readonly request: Uuid;
  /** When the access ends, in milliseconds since the Unix epoch, by the server's clock. */
  readonly untilMs: number;
};

/** A grant of a part of a conversation's history: its author, its recipient and its reason. */
export interface HistoryGrant extends Placed {
  readonly type: "history_grant";
  readonly id: GrantId;
  readonly grantor: UserId;
  readonly grantorDevice: DeviceId;
  readonly recipient: UserId;
  /** The devices that the packs' keys are sealed to, in order. */
  readonly recipientDevices: readonly DeviceId[];
  /** The range, both ends included. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Transcript hashes at both ends, as the grantor's device recorded them; 32 bytes. */
  readonly fromHash: Uint8Array;
  readonly toHash: Uint8Array;
  readonly purpose: GrantPurpose;
  /** The consent that the grant relies on, if any. */
  readonly consent: ConsentId | undefined;
  /** The packs that hold the messages, in order, each with the SHA-256 of its uploaded bytes. */
  readonly packs: readonly { readonly attachment: AttachmentId; readonly digest: Uint8Array }[];
}

/**
 * A customer's consent, or its withdrawal: may staff share this conversation's past with
 * colleagues?
 */
export interface Consent extends Placed {
  readonly type: "consent";
  readonly id: ConsentId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly purpose: "history_sharing";
  readonly state: "given" | "withdrawn";
}

export type Receipt = MembershipReceipt | HistoryGrant | Consent;

/** Returns the bytes that are signed for a receipt's text. */
export const receiptBytes = (text: Uint8Array): Uint8Array => concat(label, text);

/**
 * Returns the canonical text of a receipt.
 * @throws WireError malformed_record
 */
export const encodeReceipt = (receipt: Receipt): Uint8Array => utf8(canonicalJson(toJson(receipt)));

/**
 * Parses a receipt's text, which must be in canonical form.
 * @throws WireError malformed_record
 */
export function decodeReceipt(text: Uint8Array): Receipt {
  if (text.length > maxReceiptBytes) throw malformed();
  const receipt = fromJson(parsed(text));
  // Unknown fields, another order or another spelling would give one receipt two texts.
  if (canonicalJson(toJson(receipt)) !== fromUtf8(text)) throw malformed();
  return receipt;
}

function toJson(receipt: Receipt): CanonicalValue {
  const after = { seq: receipt.after.seq, hash: toBase64Url(receipt.after.hash) };
  switch (receipt.type) {
    case "membership":
      return { ...receipt, after, members: toBase64Url(receipt.members) };
    case "consent":
      return { ...receipt, after };
    case "history_grant":
      return {
        ...receipt,
        after,
        fromHash: toBase64Url(receipt.fromHash),
        toHash: toBase64Url(receipt.toHash),
        packs: receipt.packs.map(({ attachment, digest }) => ({
          attachment,
          digest: toBase64Url(digest),
        })),
      };
  }
}

function parsed(text: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(fromUtf8(text));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw malformed(cause);
  }
  throw malformed();
}

function fromJson(json: Readonly<Record<string, unknown>>): Receipt {
  const common = {
    version: oneOf(json["version"], [1] as const),
    tenant: idOf<TenantId>(json["tenant"]),
    conversation: idOf<ConversationId>(json["conversation"]),
    after: pointOf(json["after"]),
    atMs: count(json["atMs"]),
  };
  if (json["type"] === "membership")
    return withBreakGlass(json["breakGlass"], {
      type: "membership",
      id: idOf(json["id"]),
      ...common,
      kind: oneOf(json["kind"], membershipKinds),
      actor: idOf(json["actor"]),
      actorDevice: idOf(json["actorDevice"]),
      subject: idOf(json["subject"]),
      epoch: count(json["epoch"]),
      members: hash(json["members"]),
    });
  if (json["type"] === "consent")
    return {
      type: "consent",
      id: idOf(json["id"]),
      ...common,
      user: idOf(json["user"]),
      device: idOf(json["device"]),
      purpose: oneOf(json["purpose"], ["history_sharing"] as const),
      state: oneOf(json["state"], ["given", "withdrawn"] as const),
    };
  oneOf(json["type"], ["history_grant"] as const);
  const fromSeq = count(json["fromSeq"]);
  const toSeq = count(json["toSeq"]);
  if (fromSeq < 1 || toSeq < fromSeq) throw malformed();
  return {
    type: "history_grant",
    id: idOf(json["id"]),
    ...common,
    grantor: idOf(json["grantor"]),
    grantorDevice: idOf(json["grantorDevice"]),
    recipient: idOf(json["recipient"]),
    recipientDevices: ascending(list(json["recipientDevices"], maxDevices).map(idOf<DeviceId>)),
    fromSeq,
    toSeq,
    fromHash: hash(json["fromHash"]),
    toHash: hash(json["toHash"]),
    purpose: oneOf(json["purpose"], grantPurposes),
    consent: json["consent"] === undefined ? undefined : idOf(json["consent"]),
    packs: list(json["packs"], maxPacks).map(packOf),
  };
}

/** Only somebody who joins by themselves does so by break-glass. */
function withBreakGlass(value: unknown, receipt: MembershipReceipt): MembershipReceipt {
  if (value === undefined) return receipt;
  if (receipt.kind !== "member_added" || receipt.actor !== receipt.subject) throw malformed();
  const { request, untilMs } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { ...receipt, breakGlass: { request: idOf(request), untilMs: count(untilMs) } };
}

function pointOf(value: unknown): LogPoint {
  const point = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { seq: count(point["seq"]), hash: hash(point["hash"]) };
}

function packOf(value: unknown) {
  const { attachment, digest } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { attachment: idOf<AttachmentId>(attachment), digest: hash(digest) };
}

const malformed = (cause?: unknown): WireError =>
  new WireError("malformed_record", "The receipt does not have the documented form.", { cause });

function idOf<I extends Uuid>(value: unknown): I {
  if (!isId<I>(value)) throw malformed();
  return value;
}

function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
}

function hash(value: unknown): Uint8Array {
  if (typeof value !== "string") throw malformed();
  const bytes = fromBase64Url(value);
  if (bytes.length !== 32) throw malformed();
  return bytes;
}

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) throw malformed();
  return value;
}

function ascending<I extends Uuid>(ids: readonly I[]): readonly I[] {
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? ""))) throw malformed();
  return ids;
}

function oneOf<const T>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw malformed();
  return found;
}
