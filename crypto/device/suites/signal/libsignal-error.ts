import { ErrorCode } from "@signalapp/libsignal-client";
import type { DeviceId } from "../../../wire/ids.ts";
import { SuiteError, type SuiteErrorCode } from "../../suite.ts";

interface NativeError {
  readonly name: string;
  readonly code: number;
}

/** Compare fields and not with `instanceof`, because native errors may come from another realm. */
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
 * Converts libsignal's error to a SuiteError. Other errors are returned unchanged.
 * @param otherwise the code for errors that have no code of their own
 */
export function suiteErrorOf(
  error: unknown,
  otherwise: SuiteErrorCode,
  devices: readonly DeviceId[],
): unknown {
  if (!isNativeError(error)) return error;
  const code = codes.get(error.code) ?? otherwise;
  return new SuiteError(code, `libsignal refused: ${error.name}.`, { cause: error, devices });
}
