import { ErrorCode } from "@signalapp/libsignal-client";
import type { Uuid } from "../../../wire/uuid.ts";
import { SuiteError, type SuiteErrorCode } from "../../suite.ts";

interface NativeError {
  readonly name: string;
  readonly code: number;
}

/** By its fields, never `instanceof`: native errors may come from another realm. */
function isNativeError(error: unknown): error is NativeError {
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as Partial<NativeError>;
  if (typeof name !== "string" || typeof code !== "number") return false;
  return name === "LibSignalError" || (ErrorCode as Record<string, unknown>)[name] === code;
}

const codes: ReadonlyMap<number, SuiteErrorCode> = new Map([
  [ErrorCode.DuplicatedMessage, "duplicate"],
  [ErrorCode.UntrustedIdentity, "untrusted_identity"],
]);

/**
 * libsignal's error in this suite's words; anything that is not libsignal's is returned as it is.
 * @param otherwise the code for errors that have none of their own
 */
export function suiteErrorOf(
  error: unknown,
  otherwise: SuiteErrorCode,
  devices: readonly Uuid[],
): unknown {
  if (!isNativeError(error)) return error;
  const code = codes.get(error.code) ?? otherwise;
  return new SuiteError(code, `libsignal refused: ${error.name}.`, { cause: error, devices });
}
