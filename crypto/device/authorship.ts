import { authorshipBytes, type Authorship } from "../wire/authorship.ts";
import type { TenantId, UserId } from "../wire/ids.ts";
import { DeviceError } from "./device-error.ts";
import type { MessageContext } from "../wire/payload.ts";
import { verifySignature, type Signer } from "./sodium.ts";

/** The account that a sending device belongs to by certificate, with the device's receipt key. */
export interface Author {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** Ed25519, 32 bytes. */
  readonly receiptKey: Uint8Array;
}

/** This device, as the author of a message. */
export interface SigningAuthor extends Pick<Author, "tenant" | "user"> {
  /** Signs with the receipt key. */
  readonly sign: Signer;
}

/** Returns the signature of a message by the receipt key of its sending device, 64 bytes. */
export const signMessage = (
  context: MessageContext,
  commitment: Uint8Array,
  { tenant, user, sign }: SigningAuthor,
): Promise<Uint8Array> => sign(bytesOf(context, commitment, { tenant, user }));

/**
 * Checks who sent a message. Call it before you show the message as said by the author.
 * @throws DeviceError invalid_signature
 */
export function verifyAuthor(
  signature: Uint8Array,
  context: MessageContext,
  commitment: Uint8Array,
  author: Author,
): void {
  if (!verifySignature(bytesOf(context, commitment, author), signature, author.receiptKey))
    throw new DeviceError("invalid_signature", "The sending device did not sign the message.");
}

const bytesOf = (
  { conversation, senderDevice, epoch, clientMessageId }: MessageContext,
  commitment: Uint8Array,
  { tenant, user }: Pick<Authorship, "tenant" | "user">,
): Uint8Array =>
  authorshipBytes({
    tenant,
    conversation,
    user,
    senderDevice,
    epoch,
    clientMessageId,
    commitment,
  });
