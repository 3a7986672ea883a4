import type { WireErrorCode } from "../../crypto/wire/wire-error.ts";
import { errorCodeOf } from "../http/problems.ts";

const wireCodes: Readonly<Record<WireErrorCode, true>> = {
  malformed_frame: true,
  malformed_payload: true,
  unsupported_payload: true,
  malformed_record: true,
};

/**
 * Returns the code of one of our errors, or `other` for any other error. A label must have a closed
 * set of values.
 */
export function knownCode(error: unknown): string {
  const own = errorCodeOf(error);
  if (own !== undefined) return own;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && Object.hasOwn(wireCodes, code) ? code : "other";
}
