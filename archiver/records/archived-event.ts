import { z } from "zod";
import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import { eventKinds, type EventKind } from "../../crypto/wire/frame.ts";
import {
  isId,
  type AttachmentId,
  type ConsentId,
  type DeviceId,
  type MessageId,
  type UserId,
} from "../../crypto/wire/ids.ts";
import { isUuid, type Uuid } from "../../crypto/wire/uuid.ts";

const uint8 = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const bytes = z.codec(z.string().regex(/^[A-Za-z0-9_-]*$/), uint8, {
  decode: fromBase64Url,
  encode: toBase64Url,
});
const hash = bytes.refine((value) => value.length === 32, "A hash has 32 bytes.");
const idOf = <T extends Uuid>() =>
  z.custom<T>((text) => typeof text === "string" && isId<T>(text), "An id is a UUID.");
const seq = z.int().positive();

/** Why the content of a message was not captured. */
const withheldReasons = ["no_consent", "before_consent"] as const;

const logged = z.strictObject({
  type: z.literal("event"),
  seq,
  kind: z.enum(Object.keys(eventKinds) as [EventKind, ...EventKind[]]),
  senderDevice: idOf<DeviceId>(),
  epoch: z.int().nonnegative(),
  keyId: z.custom<Uuid>((text) => typeof text === "string" && isUuid(text)),
  clientMessageId: idOf<MessageId>(),
  receivedAtMs: z.int().nonnegative(),
  digest: hash,
  commitment: hash,
  frankingTag: hash,
  previousHash: hash,
  transcriptHash: hash,
  /** The user who sent it. */
  sender: idOf<UserId>().optional(),
  /** The content of an event that is not a message. */
  control: bytes.optional(),
  /** What opens the commitment of a message. */
  content: z
    .strictObject({ payload: bytes, frankingKey: hash, signature: bytes.optional() })
    .optional(),
  withheld: z.enum(withheldReasons).optional(),
  /** The consent under which the content was captured, or else the ground that the deployer gave. */
  consent: idOf<ConsentId>().optional(),
  ground: z.string().optional(),
  /** What the archiver's device found wrong, by code. */
  problems: z.array(z.string()),
  /** The file of the message: the number of its pieces in the archive. */
  file: z.strictObject({ id: idOf<AttachmentId>(), pieces: z.int().nonnegative() }).optional(),
});
const gap = z.strictObject({
  type: z.literal("gap"),
  /** The last event that is gone. */
  seq,
  from: seq,
  reason: z.string(),
});

/** The events of one record. */
export const archivedEvents = z.array(z.discriminatedUnion("type", [logged, gap])).min(1);

export type ArchivedEvent = z.output<typeof logged>;
export type ArchivedGap = z.output<typeof gap>;
/** What the archive keeps of a place in the log: the event, or that it is gone. */
export type Archived = ArchivedEvent | ArchivedGap;
