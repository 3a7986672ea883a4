import { bytes, fixed, message, nested, optional, uint } from "./protobuf.ts";
import { utf8 } from "./bytes.ts";
import { attachmentFields, type Attachment, type AttachmentFields } from "./attachment.ts";
import { WireError } from "./wire-error.ts";

/** The greatest length of what one ciphertext seals, in bytes: a signature, and 63 KiB. It keeps the ciphertext within 64 KiB. */
export const maxPlaintextBytes = 64 + 63 * 1024;

/** The content of a member's message. */
export type Body =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "attachment"; readonly attachment: Attachment }
  | { readonly kind: "correction" | "edit"; readonly target: Target; readonly text: string }
  | { readonly kind: "deletion"; readonly target: Target }
  | { readonly kind: "device_restored"; readonly lost: number };

/** The earlier message that a correction, an edit or a deletion is about. */
export interface Target {
  readonly seq: number;
  /** The transcript hash of its event, 32 bytes. */
  readonly transcriptHash: Uint8Array;
}

const text = message({ text: [1, bytes(maxPlaintextBytes)] });

/** The statement of a device whose store was put back to an older copy. */
export const restoredFields = message({
  /** The number of messages of the conversation that the device cannot open. */
  lost: [1, uint()],
});

/** The message that another one is about, in the payload and in the store. */
export const targetFields = { seq: [1, uint()], transcriptHash: [2, fixed(32)] } as const;

const revision = message({ ...targetFields, text: [3, bytes(maxPlaintextBytes)] });

/** The oneof of payload.proto. To add a kind, add its field here and a case to each function. */
export const bodyFields = {
  text: [16, optional(nested(text))],
  attachment: [17, optional(nested(attachmentFields))],
  edit: [18, optional(nested(revision))],
  correction: [19, optional(nested(revision))],
  deletion: [20, optional(nested(message(targetFields)))],
  restored: [24, optional(nested(restoredFields))],
} as const;

export interface BodyFields {
  readonly text: { readonly text: Uint8Array } | undefined;
  readonly attachment: AttachmentFields | undefined;
  readonly edit: (Target & { readonly text: Uint8Array }) | undefined;
  readonly correction: (Target & { readonly text: Uint8Array }) | undefined;
  readonly deletion: Target | undefined;
  readonly restored: { readonly lost: number } | undefined;
}

const nothing: BodyFields = {
  text: undefined,
  attachment: undefined,
  edit: undefined,
  correction: undefined,
  deletion: undefined,
  restored: undefined,
};

// `ignoreBOM` keeps a byte order mark in the text. Without it, sent and reported text would differ.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function bodyToFields(body: Body): BodyFields {
  switch (body.kind) {
    case "text":
      return { ...nothing, text: { text: utf8(body.text) } };
    case "attachment":
      return { ...nothing, attachment: attachmentToFields(body.attachment) };
    case "edit":
    case "correction":
      return { ...nothing, [body.kind]: { ...body.target, text: utf8(body.text) } };
    case "deletion":
      return { ...nothing, deletion: body.target };
    case "device_restored":
      return { ...nothing, restored: { lost: body.lost } };
  }
}

/** @throws WireError unsupported_payload, malformed_payload */
export function bodyFromFields(fields: BodyFields): Body {
  const { text: said, attachment, edit, correction, deletion, restored } = fields;
  const bodies = [said, attachment, edit, correction, deletion, restored];
  if (bodies.filter((each) => each !== undefined).length > 1)
    throw new WireError("malformed_payload", "The message has two bodies.");
  if (said !== undefined) return { kind: "text", text: textFrom(said.text) };
  if (attachment !== undefined)
    return { kind: "attachment", attachment: attachmentFromFields(attachment) };
  const revised = edit ?? correction;
  if (revised !== undefined) {
    const { text: right, ...target } = revised;
    const kind = edit === undefined ? "correction" : "edit";
    return { kind, target, text: textFrom(right) };
  }
  if (deletion !== undefined) return { kind: "deletion", target: deletion };
  if (restored !== undefined) return { kind: "device_restored", lost: restored.lost };
  throw new WireError("unsupported_payload", "The message has an unknown kind.");
}

export const attachmentToFields = (attachment: Attachment): AttachmentFields => ({
  ...attachment,
  name: utf8(attachment.name),
  mediaType: utf8(attachment.mediaType),
});

/** @throws WireError malformed_payload */
export const attachmentFromFields = (fields: AttachmentFields): Attachment => ({
  ...fields,
  name: textFrom(fields.name),
  mediaType: textFrom(fields.mediaType),
});

function textFrom(encoded: Uint8Array): string {
  try {
    return strictUtf8.decode(encoded);
  } catch (cause) {
    throw new WireError("malformed_payload", "The text is not UTF-8.", { cause });
  }
}
