/**
 * The values that requests and answers are made of. A request is a strict object: the server refuses
 * members that it does not know. An answer is an open object: a device leaves out members that a
 * newer server added.
 */
import * as z from "zod/mini";
import { fromBase64Url, toBase64Url } from "../crypto/wire/bytes.ts";
import {
  isId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type SessionId,
  type PasskeyId,
  type AttachmentId,
  type CaseId,
  type GrantId,
  type HoldId,
  type MessageId,
  type ReportId,
} from "../crypto/wire/ids.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { documentation } from "./documentation.ts";

const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value);

/**
 * Bytes as base64url text without padding (RFC 4648 section 5), of exactly or at most `length`
 * bytes.
 */
export function bytes(length: number, measure: "exactly" | "at most" = "exactly") {
  const characters = Math.ceil((length * 4) / 3);
  const least = measure === "exactly" ? characters : 1;
  const text = z.string().check(
    z.minLength(least),
    z.maxLength(characters),
    z.regex(/^[A-Za-z0-9_-]+$/),
    // No byte string has an encoding of 4n + 1 characters.
    z.refine((value) => value.length % 4 !== 1),
  );
  return z
    .codec(text, z.custom<Uint8Array>(isBytes), { decode: fromBase64Url, encode: toBase64Url })
    .register(documentation, {
      type: "string",
      contentEncoding: "base64url",
      description: `${measure === "exactly" ? "" : "At most "}${length} bytes`,
    });
}

/** A UUID of any version, in lower case, that is the id of one kind of thing. */
const id = <I extends Uuid>() =>
  z.custom<I, string>(isId).register(documentation, { type: "string", format: "uuid" });

export const tenantId = id<TenantId>();
export const userId = id<UserId>();
export const deviceId = id<DeviceId>();
export const conversationId = id<ConversationId>();
export const sessionId = id<SessionId>();
export const passkeyId = id<PasskeyId>();
export const attachmentId = id<AttachmentId>();
export const grantId = id<GrantId>();
export const caseId = id<CaseId>();
export const holdId = id<HoldId>();
export const reportId = id<ReportId>();
export const messageId = id<MessageId>();
/** An id of a thing whose kind the compiler does not know. */
export const uuid = id<Uuid>();

/** One of some words, to which newer servers may add. A device must expect any other text. */
export const openEnum = (words: readonly string[]) =>
  z.string().register(documentation, { enum: words });

export const count = z.int().check(z.minimum(0));

export const milliseconds = z
  .int()
  .check(z.minimum(0))
  .register(documentation, { description: "Milliseconds since the Unix epoch" });

/** A whole number in a header or a query, as digits. */
export function wholeNumber(
  description: string,
  {
    minimum = 0,
    maximum = 10 ** 15 - 1,
  }: { readonly minimum?: number; readonly maximum?: number } = {},
) {
  const digits = z.string().check(z.regex(/^(0|[1-9]\d{0,14})$/));
  const number = z.int().check(z.minimum(minimum), z.maximum(maximum));
  return z.codec(digits, number, { decode: Number, encode: String }).register(documentation, {
    type: "integer",
    pattern: undefined,
    minimum,
    maximum,
    description,
  });
}

/** An account's signature of the list of its devices. The devices follow from the key log. */
const listSignature = {
  version: z.int().check(z.minimum(1)),
  issuedAtMs: milliseconds,
  validUntilMs: milliseconds,
  signedBy: deviceId,
  signature: bytes(64),
};

export const newDeviceList = z
  .strictObject(listSignature)
  .register(documentation, { id: "NewDeviceList" });
export const deviceList = z.object(listSignature).register(documentation, { id: "DeviceList" });

export const idParams = z.strictObject({ id: uuid });
export const conversationParams = z.strictObject({ id: conversationId });
export const attachmentParams = z.strictObject({ id: attachmentId });
export const deviceParams = z.strictObject({ id: deviceId });
export const userParams = z.strictObject({ user: userId });
