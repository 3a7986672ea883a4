import type { ProblemCode } from "../../contract/problems.ts";
import type { Refused } from "../../crypto/wire/frame.ts";
import { SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import type { Refusal } from "./send-window.ts";

/** The consequence of a refusal: another attempt, or an error for the caller. */
export type RefusalVerdict =
  | {
      readonly kind: "again";
      readonly refusal: Refusal;
      /** Set if the message may have to wait for so long that a person should know. */
      readonly held?: SealdeskError;
    }
  | { readonly kind: "failed"; readonly error: SealdeskError };

const unavailableWaitMs = 500;
/** A quota may be raised or given back at any time, so the device asks again sooner than told. */
const longestQuotaWaitMs = 15 * 60_000;

export type RefusalErrors = Readonly<Partial<Record<ProblemCode, SealdeskErrorCode>>>;
const failures: RefusalErrors = {
  not_a_member: "not_a_member",
  // The code that the relay sends to devices that were never members, and to those that no longer
  // are.
  conversation_not_found: "not_a_member",
  conversation_closed: "conversation_closed",
  message_too_large: "message_too_large",
  key_destroyed: "subject_erased",
  subject_erased: "subject_erased",
};

export function verdictOn(refused: Refused): RefusalVerdict {
  const { code, epoch, retryAfterMs } = refused;
  const again = (kind: Refusal["kind"], waitMs = 0): RefusalVerdict => ({
    kind: "again",
    refusal: { kind, epoch, waitMs },
  });
  // A newer relay may send other codes.
  switch (code as ProblemCode) {
    case "stale_epoch":
    case "key_expired":
      return again("rotated");
    case "stale_message_id":
      return again("stale");
    case "device_mismatch":
      return again("packets");
    case "rate_limited":
      return again("later", Math.max(retryAfterMs, unavailableWaitMs));
    case "quota_exceeded": {
      const waitMs = Math.min(Math.max(retryAfterMs, unavailableWaitMs), longestQuotaWaitMs);
      const held = new SealdeskError(
        "quota_exceeded",
        "The quota of stored messages is used up. The message waits in the outbox.",
        { problem: code, retryAfterMs },
      );
      return { kind: "again", refusal: { kind: "later", epoch, waitMs }, held };
    }
    case "unavailable":
    case "contended":
      return again("later", Math.max(retryAfterMs, unavailableWaitMs));
    default: {
      const known = Object.hasOwn(failures, code) ? failures[code as ProblemCode] : undefined;
      const error = new SealdeskError(
        known ?? "send_refused",
        `The relay refused the message: ${refused.message}`,
        { problem: code },
      );
      return { kind: "failed", error };
    }
  }
}

/** True for errors that do not concern the message. It is kept for the next connection. */
export const endsConnection = ({ code }: SealdeskError): boolean =>
  [
    "closed",
    "signed_out",
    "sign_in_failed",
    "device_revoked",
    "tenant_suspended",
    "session_idle",
  ].includes(code);
