/**
 * The JSON files of a person's copy beside the record. Their schemas are published with it, in `schema/`. Devices write them,
 * and import types only.
 */
import * as z from "zod/mini";
import {
  attachmentId,
  conversationId,
  count,
  deviceId,
  messageId,
  milliseconds,
  userId,
  uuid,
} from "./values.ts";

const text = z.string();
const orNull = z.nullable;

/** SHA-256, in base64. */
const hash = text;

/**
 * True for a correction, an edit or a deletion that apps refuse, for example because the earlier message is somebody
 * else's (R35, R36 in docs/receiver.md).
 */
const isRefused = z.optional(z.boolean());

/** What was said or done, as the person's device opened it. */
const content = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("text"),
    text,
    /** The number of the message that this one corrects or edits. */
    about: orNull(z.object({ seq: count, as: text, isRefused })),
    /** What is not shown whole: full card numbers and social security numbers. */
    masked: z.array(text),
  }),
  z.object({
    kind: z.literal("attachment"),
    id: attachmentId,
    name: text,
    type: text,
    bytes: count,
    /** SHA-256 of the file, in base64. */
    digest: hash,
    /** Where the file is in the copy; null if it could not be had, for the reason in `missing`. */
    path: orNull(text),
    missing: orNull(text),
  }),
  /** The author deleted the message with this number. */
  z.object({ kind: z.literal("deletion"), seq: count, isRefused }),
  z.object({ kind: z.literal("device_restored"), lost: count }),
  z.object({
    kind: z.literal("change"),
    /** Who was added, removed, or gave a consent. */
    subject: orNull(userId),
    members: z.array(z.object({ user: userId, role: text })),
  }),
  /** The device has no key for it, or it was not authentic. */
  z.object({ kind: z.literal("not_opened"), reason: text }),
  /** The person did not provide it, and the copy is for portability (GDPR Article 20(1)). */
  z.object({ kind: z.literal("not_included") }),
]);

const event = z.object({
  seq: count,
  /** "message", or the change that it is. */
  kind: text,
  receivedAtMs: milliseconds,
  /** Who sent it; null if the device does not know. */
  by: orNull(userId),
  device: deviceId,
  epoch: count,
  keyId: uuid,
  messageId,
  /** SHA-256 of the encrypted message, in base64. */
  ciphertextDigest: hash,
  commitment: hash,
  previousHash: hash,
  /** See docs/export.md: it follows from the fields above. */
  transcriptHash: hash,
  content,
});

/** `data/conversations/NN/NNNN.json`: a run of events of one conversation. */
export const exportPage = z.object({
  version: z.literal(1),
  conversation: conversationId,
  fromSeq: count,
  untilSeq: count,
  /** What the server could still open. Numbers that are missing were erased. */
  events: z.array(event),
});

export type ExportPageFile = z.output<typeof exportPage>;
export type ExportEvent = z.output<typeof event>;
export type ExportContent = z.output<typeof content>;

/** `files.json`: every other file of the copy. */
export const exportFiles = z.object({
  version: z.literal(1),
  files: z.array(z.object({ path: text, bytes: count, digest: hash })),
});

export type ExportFile = z.output<typeof exportFiles>["files"][number];
