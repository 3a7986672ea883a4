import {
  decodePayload as decode,
  differingContext,
  type MessageContext,
  type Payload,
} from "../wire/payload.ts";
import { WireError } from "../wire/wire-error.ts";
import { DeviceError } from "./device-error.ts";

/** @throws DeviceError malformed_plaintext: not canonical; unsupported_payload */
export function decodePayload(input: Uint8Array): Payload {
  try {
    return decode(input);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    const isUnknown = cause.code === "unsupported_payload";
    const code = isUnknown ? "unsupported_payload" : "malformed_plaintext";
    throw new DeviceError(code, cause.message, { cause });
  }
}

/**
 * Decodes a payload and compares it with its header, because decryption binds none of these fields.
 * A mismatch is shown to the user and reported. The message is never displayed.
 * @throws DeviceError context_mismatch, with `fields`; malformed_plaintext; unsupported_payload
 */
export function openPayload(input: Uint8Array, header: MessageContext): Payload {
  const payload = decodePayload(input);
  const fields = differingContext(payload, header);
  if (fields.length > 0)
    throw new DeviceError(
      "context_mismatch",
      `The message was made for another place: ${fields.join(", ")}.`,
      { fields },
    );
  return payload;
}
