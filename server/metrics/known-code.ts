import type { WireErrorCode } from "../../crypto/wire/wire-error.ts";
import { isProblemCode } from "../http/problems.ts";

const wireCodes: Readonly<Record<WireErrorCode, true>> = {
  malformed_frame: true,
  malformed_payload: true,
  malformed_record: true,
};

/** The code of an error of ours, and `other` for every other one: labels are a closed set. */
export function knownCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return isProblemCode(code) || (typeof code === "string" && Object.hasOwn(wireCodes, code))
    ? code
    : "other";
}
