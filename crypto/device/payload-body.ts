import { bytes, message, nested, optional } from "../wire/protobuf.ts";
import { utf8 } from "../wire/bytes.ts";
import {
  attachmentFields,
  type Attachment,
  type AttachmentFields,
} from "./attachments/attachment.ts";
import { DeviceError } from "./device-error.ts";
import { maxPlaintextBytes } from "./padding.ts";

/** What a member says in a message. */
export type Body =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "attachment"; readonly attachment: Attachment };

const text = message({ text: [1, bytes(maxPlaintextBytes)] });

/** The oneof of payload.proto. To add a kind, add its field here and a case to each function. */
export const bodyFields = {
  text: [16, optional(nested(text))],
  attachment: [17, optional(nested(attachmentFields))],
} as const;

export interface BodyFields {
  readonly text: { readonly text: Uint8Array } | undefined;
  readonly attachment: AttachmentFields | undefined;
}

// `ignoreBOM` keeps a byte order mark in the text. Without it, sent and reported text would differ.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function bodyToFields(body: Body): BodyFields {
  switch (body.kind) {
    case "text":
      return { text: { text: utf8(body.text) }, attachment: undefined };
    case "attachment":
      return { text: undefined, attachment: attachmentToFields(body.attachment) };
  }
}

/** @throws DeviceError unsupported_payload, malformed_plaintext */
export function bodyFromFields({ text: said, attachment }: BodyFields): Body {
  if (said !== undefined && attachment !== undefined)
    throw new DeviceError("malformed_plaintext", "The message has two bodies.");
  if (said !== undefined) return { kind: "text", text: textFrom(said.text) };
  if (attachment !== undefined)
    return { kind: "attachment", attachment: attachmentFromFields(attachment) };
  throw new DeviceError("unsupported_payload", "The message is of a kind not known here.");
}

export const attachmentToFields = (attachment: Attachment): AttachmentFields => ({
  ...attachment,
  name: utf8(attachment.name),
  mediaType: utf8(attachment.mediaType),
});

/** @throws DeviceError malformed_plaintext */
export const attachmentFromFields = (fields: AttachmentFields): Attachment => ({
  ...fields,
  name: textFrom(fields.name),
  mediaType: textFrom(fields.mediaType),
});

function textFrom(encoded: Uint8Array): string {
  try {
    return strictUtf8.decode(encoded);
  } catch (cause) {
    throw new DeviceError("malformed_plaintext", "The text is not UTF-8.", { cause });
  }
}
