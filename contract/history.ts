/** History grants, and the log's hashes that check them. */
import * as z from "zod/mini";
import { eventKinds, wireLimits, type EventKind } from "../crypto/wire/frame.ts";
import { documentation } from "./documentation.ts";
import { signedReceipt } from "./receipts.ts";
import {
  bytes,
  conversationId,
  deviceId,
  grantId,
  messageId,
  milliseconds,
  uuid,
  wholeNumber,
} from "./values.ts";

const packet = z.strictObject({ device: deviceId, bytes: bytes(wireLimits.packet, "at most") });

export const newHistoryGrant = z.strictObject({
  ...signedReceipt,
  packets: z.array(packet).check(z.minLength(1), z.maxLength(256)),
});

const kinds = Object.keys(eventKinds) as [EventKind, ...EventKind[]];

const link = z
  .object({
    seq: z.int().check(z.minimum(1)),
    kind: z.enum(kinds),
    senderDevice: deviceId,
    epoch: z.int().check(z.minimum(0)),
    keyId: uuid,
    clientMessageId: messageId,
    receivedAtMs: milliseconds,
    digest: bytes(32),
    commitment: bytes(32),
    frankingTag: bytes(32),
    // A Control of frames.proto, encoded. Null for a message.
    control: z.nullable(bytes(1024 * 1024, "at most")),
  })
  .register(documentation, { id: "Link" });

export const linksParams = z.strictObject({ id: conversationId, grant: grantId });

export const linksQuery = z.strictObject({
  until: wholeNumber("The number of the last link", { minimum: 1 }),
});

export const linksPage = z.object({
  links: z.array(link),
  previousHash: z.nullable(bytes(32)),
});
