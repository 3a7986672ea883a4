import type { ContextField } from "../wire/payload.ts";

export type DeviceErrorCode =
  | "no_identity" // this device has no such key yet, or only another device of the account has it
  | "invalid_device_record" // a device record whose form or account signature does not hold
  | "account_key_changed" // not the account key known for this user: ask the person, then accept
  | "malformed_plaintext" // an opened message is not a padded, canonical payload
  | "unsupported_payload" // a payload version or body kind this release does not know
  | "too_large" // the message does not fit one ciphertext
  | "commitment_mismatch" // the commitment outside is not the one of the payload inside
  | "invalid_signature" // the sending device did not sign the message for this place
  | "invalid_link_code" // not the code of a new device: mistyped, or cut short
  | "link_not_authentic" // not sealed by who read this device's code, or not for this device
  | "context_mismatch"; // conversation, sender, epoch or id inside differ from the header outside

/** A fault of an identity or a payload. Its message never holds content. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
  readonly code: DeviceErrorCode;
  /** The fields that differ, with `context_mismatch`. */
  readonly fields: readonly ContextField[];
  constructor(
    code: DeviceErrorCode,
    message: string,
    options: ErrorOptions & { fields?: readonly ContextField[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? [];
  }
}
