import { bytes, message, nested, optional } from "../wire/protobuf.ts";
import { utf8 } from "../wire/bytes.ts";
import { DeviceError } from "./device-error.ts";
import { maxPlaintextBytes } from "./padding.ts";

/** What a member says in a message. */
export type Body = { readonly kind: "text"; readonly text: string };

const text = message({ text: [1, bytes(maxPlaintextBytes)] });

/** The oneof of payload.proto: a further kind adds its field here and a case to each function. */
export const bodyFields = {
  text: [16, optional(nested(text))],
} as const;

export interface BodyFields {
  readonly text: { readonly text: Uint8Array } | undefined;
}

// A byte order mark is text like any other: without ignoreBOM it would be lost, and with it the
// equality of what was sent and what is reported.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function bodyToFields(body: Body): BodyFields {
  switch (body.kind) {
    case "text":
      return { text: { text: utf8(body.text) } };
  }
}

/** @throws DeviceError unsupported_payload, malformed_plaintext */
export function bodyFromFields(fields: BodyFields): Body {
  if (fields.text === undefined)
    throw new DeviceError("unsupported_payload", "The message is of a kind not known here.");
  try {
    return { kind: "text", text: strictUtf8.decode(fields.text.text) };
  } catch (cause) {
    throw new DeviceError("malformed_plaintext", "The text is not UTF-8.", { cause });
  }
}
