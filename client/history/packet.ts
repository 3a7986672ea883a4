import { decode, encode, list, message, nested } from "../../crypto/wire/protobuf.ts";
import { maxPacks } from "../../crypto/wire/receipt.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { attachmentFields, type AttachmentFields } from "../../crypto/wire/attachment.ts";

/** The content that is sealed to each of the recipient's devices: the keys of the packs. */
const keys = message({ packs: [1, list(nested(attachmentFields), maxPacks)] });

export const encodePackKeys = (packs: readonly AttachmentFields[]): Uint8Array =>
  encode(keys, { packs });

/** Returns undefined for any other content. */
export function decodePackKeys(input: Uint8Array): readonly AttachmentFields[] | undefined {
  try {
    return decode(keys, input).packs;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
