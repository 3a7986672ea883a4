/** Consent records, the server's statements about them, and their receipts. */
import * as z from "zod/mini";
import { maxConsentBytes } from "../crypto/wire/consent-record.ts";
import type { ConsentId } from "../crypto/wire/ids.ts";
import { ecKeyBytes } from "../crypto/wire/key-sizes.ts";
import { isId } from "../crypto/wire/ids.ts";
import { purposes } from "../crypto/wire/purposes.ts";
import { documentation } from "./documentation.ts";
import { signedReceipt } from "./receipts.ts";
import {
  bytes,
  conversationId,
  count,
  deviceId,
  milliseconds,
  userId,
  wholeNumber,
} from "./values.ts";

const signedRecord = { record: bytes(maxConsentBytes, "at most"), signature: bytes(64) };

export const newConsent = z
  .strictObject({
    ...signedRecord,
    placed: z.optional(z.strictObject(signedReceipt)).register(documentation, {
      description: "The receipt of the event, for a record about a conversation",
    }),
  })
  .register(documentation, { id: "NewConsent" });

export const recordedConsent = z
  .object({
    number: z.int().check(z.minimum(1)),
    seq: z.nullable(count),
  })
  .register(documentation, { id: "RecordedConsent" });

const consent = z
  .object({
    ...signedRecord,
    number: z.int().check(z.minimum(1)),
    device: deviceId,
    signer: z.nullable(
      z.object({
        user: userId,
        accountKey: bytes(32),
        deviceKey: bytes(32),
        identityKey: bytes(ecKeyBytes),
        receiptKey: bytes(32),
        certificate: bytes(64),
      }),
    ),
    receivedAtMs: milliseconds,
  })
  .register(documentation, { id: "Consent" });

export const userConsentsParams = z.strictObject({ user: userId });
export const consentsQuery = z.strictObject({
  after: z.optional(wholeNumber("The number of the last record of the page before")),
});
export const consents = z
  .object({ consents: z.array(consent) })
  .register(documentation, { id: "Consents" });

export const statementParams = z.strictObject({ id: conversationId, purpose: z.enum(purposes) });
export const statementQuery = z.strictObject({ nonce: bytes(32) });
export const statedConsent = z
  .object({
    statement: z.string().register(documentation, {
      description: "C2SP signed-note under the key of the key log, as docs/crypto.md describes it",
    }),
    decidedBy: z.nullable(consent),
  })
  .register(documentation, { id: "StatedConsent" });

const consentId = z
  .custom<ConsentId, string>(isId)
  .register(documentation, { type: "string", format: "uuid" });
export const consentParams = z.strictObject({ id: consentId });
export const consentReceiptFile = z
  .object({ receipt: z.string() })
  .register(documentation, { id: "ConsentReceipt" });
