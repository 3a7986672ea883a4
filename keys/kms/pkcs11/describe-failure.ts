import { KeysError } from "../../keys-error.ts";
import { unreachable } from "./library.ts";
import { CKR, resultOf } from "./results.ts";

/** Converts a failure to an error of this folder. The HSM's code is not secret. */
export function describeFailure(error: unknown): KeysError {
  if (error instanceof KeysError) return error;
  const result = resultOf(error);
  if (CKR.denied.has(result ?? -1))
    return new KeysError("kms_denied", "The HSM does not permit this.", { cause: error });
  return unreachable(`The HSM did not do this (${result ?? "no code"}).`, error);
}
