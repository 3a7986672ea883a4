/**
 * Receipts, which a device's receipt key signs: canonical JSON (RFC 8785) after a label. The label
 * keeps a receipt from being mistaken for another signed record. Every event that a person causes
 * carries one, except messages.
 */
import { concat, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  objectOf,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";
import { consentStates, purposes, type ConsentState, type Purpose } from "./purposes.ts";
import type { Uuid } from "./uuid.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  AttachmentId,
  GrantId,
  ConsentId,
  ActId,
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

/** The place of a customer's consent, or of its withdrawal, in a conversation. What it says is in its record. */
export interface Consent extends Placed {
  readonly type: "consent";
  readonly id: ConsentId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly purpose: Purpose;
  readonly state: ConsentState;
  /** SHA-256 of the text of the consent record, 32 bytes. */
  readonly record: Uint8Array;
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
  return decodeCanonical(text, fromJson, toJson);
}

function toJson(receipt: Receipt): CanonicalValue {
  const after = { seq: receipt.after.seq, hash: toBase64Url(receipt.after.hash) };
  switch (receipt.type) {
    case "membership":
      return { ...receipt, after, members: toBase64Url(receipt.members) };
    case "consent":
      return { ...receipt, after, record: toBase64Url(receipt.record) };
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

function fromJson(fields: JsonFields): Receipt {
  const common = {
    version: oneOfIn(fields, "version", [1] as const),
    tenant: idIn<TenantId>(fields, "tenant"),
    conversation: idIn<ConversationId>(fields, "conversation"),
    after: pointOf(fields["after"]),
    atMs: countIn(fields, "atMs"),
  };
  if (fields["type"] === "membership")
    return withBreakGlass(fields["breakGlass"], {
      type: "membership",
      id: idIn(fields, "id"),
      ...common,
      kind: oneOfIn(fields, "kind", membershipKinds),
      actor: idIn(fields, "actor"),
      actorDevice: idIn(fields, "actorDevice"),
      subject: idIn(fields, "subject"),
      epoch: countIn(fields, "epoch"),
      members: bytesIn(fields, "members", 32),
    });
  if (fields["type"] === "consent")
    return {
      type: "consent",
      id: idIn(fields, "id"),
      ...common,
      user: idIn(fields, "user"),
      device: idIn(fields, "device"),
      purpose: oneOfIn(fields, "purpose", purposes),
      state: oneOfIn(fields, "state", consentStates),
      record: bytesIn(fields, "record", 32),
    };
  oneOfIn(fields, "type", ["history_grant"] as const);
  const fromSeq = countIn(fields, "fromSeq");
  const toSeq = countIn(fields, "toSeq");
  if (fromSeq < 1 || toSeq < fromSeq) throw malformed();
  return {
    type: "history_grant",
    id: idIn(fields, "id"),
    ...common,
    grantor: idIn(fields, "grantor"),
    grantorDevice: idIn(fields, "grantorDevice"),
    recipient: idIn(fields, "recipient"),
    recipientDevices: ascending(list(fields["recipientDevices"], maxDevices).map(deviceOf)),
    fromSeq,
    toSeq,
    fromHash: bytesIn(fields, "fromHash", 32),
    toHash: bytesIn(fields, "toHash", 32),
    purpose: oneOfIn(fields, "purpose", grantPurposes),
    consent: "consent" in fields ? idIn(fields, "consent") : undefined,
    packs: list(fields["packs"], maxPacks).map(packOf),
  };
}

/** Only somebody who joins by themselves does so by break-glass. */
function withBreakGlass(value: unknown, receipt: MembershipReceipt): MembershipReceipt {
  if (value === undefined) return receipt;
  if (receipt.kind !== "member_added" || receipt.actor !== receipt.subject) throw malformed();
  const fields = objectOf(value);
  const breakGlass = { request: idIn(fields, "request"), untilMs: countIn(fields, "untilMs") };
  return { ...receipt, breakGlass };
}

function pointOf(value: unknown): LogPoint {
  const fields = objectOf(value);
  return { seq: countIn(fields, "seq"), hash: bytesIn(fields, "hash", 32) };
}

function packOf(value: unknown) {
  const fields = objectOf(value);
  return {
    attachment: idIn<AttachmentId>(fields, "attachment"),
    digest: bytesIn(fields, "digest", 32),
  };
}

const deviceOf = (device: unknown) => idIn<DeviceId>({ device }, "device");

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) throw malformed();
  return value;
}

function ascending<I extends Uuid>(ids: readonly I[]): readonly I[] {
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? ""))) throw malformed();
  return ids;
}
