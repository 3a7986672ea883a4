import { equalBytes } from "./bytes.ts";
import {
  conversationId,
  decode,
  deviceId,
  encode,
  fixed,
  list,
  message,
  messageId,
  nested,
  optional,
  uint,
} from "./protobuf.ts";
import { WireError } from "./wire-error.ts";
import type { DeviceId, ConversationId, MessageId } from "./ids.ts";
import { bodyFields, bodyFromFields, bodyToFields, type Body } from "./payload-body.ts";

export type { Body } from "./payload-body.ts";

const version = 1;
/** A message tells of at most this many messages that its sender could not open. */
export const mostUnopened = 16;
/** A head tells of at most this many restores. */
export const mostRestores = 999_999_999;

const payloadMessage = message({
  version: [1, uint(0xffffffff)],
  conversation: [2, conversationId],
  senderDevice: [3, deviceId],
  epoch: [4, uint(0xffffffff)],
  clientMessageId: [5, messageId],
  lastSeen: [6, nested(message({ seq: [1, uint()], transcriptHash: [2, fixed(32)] }))],
  keyLogHead: [
    7,
    optional(
      nested(
        message({
          size: [1, uint()],
          root: [2, fixed(32)],
          signature: [3, fixed(64)],
          restores: [4, uint(mostRestores)],
        }),
      ),
    ),
  ],
  unopened: [8, list(uint(), mostUnopened)],
  ...bodyFields,
});

/**
 * The context that binds a message to its position. The header outside and the payload inside must
 * agree.
 */
export interface MessageContext {
  readonly conversation: ConversationId;
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly clientMessageId: MessageId;
}

/**
 * The last event of the conversation that the sender had seen. `seq` 0 and `zeroHash` before the
 * first.
 */
export interface LastSeen {
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
}

/** The newest head of the tenant's key log that a sender has checked. */
export interface KeyLogHead {
  readonly size: number;
  readonly root: Uint8Array;
  /**
   * The log's signature, 64 bytes, over the checkpoint of this size and root with the log's origin.
   */
  readonly signature: Uint8Array;
  /**
   * The number of times that the log had been restored from a backup. It is part of the checkpoint.
   */
  readonly restores: number;
}

export interface Payload extends MessageContext {
  readonly lastSeen: LastSeen;
  /**
   * Absent in most messages. In each epoch a sender puts a head into every message until the log
   * holds one of them.
   */
  readonly keyLogHead?: KeyLogHead | undefined;
  /**
   * Events up to `lastSeen` that are messages of other devices, and that the sending device could not
   * open, in ascending order. A sender repeats them until the log holds a message that names them.
   */
  readonly unopened?: readonly number[] | undefined;
  readonly body: Body;
}

/** Returns the canonical encoding of payload.proto. A payload has exactly one encoding. */
export function encodePayload(payload: Payload): Uint8Array {
  const { body, keyLogHead, unopened = [], ...context } = payload;
  // In Node the writer returns a Buffer. The copy is a plain Uint8Array on every platform.
  return Uint8Array.from(
    encode(payloadMessage, { version, ...context, keyLogHead, unopened, ...bodyToFields(body) }),
  );
}

/** @throws WireError malformed_payload: not canonical; unsupported_payload */
export function decodePayload(input: Uint8Array): Payload {
  const fields = decodeFields(input);
  const { version: seen, text, attachment, edit, correction, deletion, restored, ...rest } = fields;
  const { unopened, ...context } = rest;
  if (seen !== version)
    throw new WireError("unsupported_payload", "The payload has another version.");
  const body = bodyFromFields({ text, attachment, edit, correction, deletion, restored });
  const payload = { ...context, ...(unopened.length > 0 && { unopened }), body };
  // Unknown, repeated, reordered or default-valued fields would give one message two encodings.
  if (!equalBytes(encodePayload(payload), input) || !areOrdered(unopened, context.lastSeen))
    throw new WireError("malformed_payload", "The payload is not in its canonical form.");
  return payload;
}

/** Returns whether they are events that the sender can have seen, each once. */
const areOrdered = (unopened: readonly number[], { seq: last }: LastSeen): boolean =>
  unopened.every((seq, index) => seq > (unopened[index - 1] ?? 0) && seq <= last);

/** Returns the fields in which a payload differs from the header of its message. */
export const differingContext = (
  payload: MessageContext,
  header: MessageContext,
): readonly ContextField[] => contextFields.filter((field) => payload[field] !== header[field]);

/** The parts of a message's context that the header and the payload both have. */
export type ContextField = keyof MessageContext;

const contextFields: readonly ContextField[] = [
  "conversation",
  "senderDevice",
  "epoch",
  "clientMessageId",
];

function decodeFields(input: Uint8Array) {
  try {
    return decode(payloadMessage, input);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new WireError("malformed_payload", "The payload does not decode.", { cause });
  }
}
