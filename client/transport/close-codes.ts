import { SealdeskError } from "../errors.ts";

/** What a closed connection means for the next one. */
export type Closure =
  { readonly kind: "reconnect" } | { readonly kind: "final"; readonly error: SealdeskError };

/**
 * Codes of RFC 6455 section 7.4 that speak of the connection and not of this device: going away,
 * no status, abnormal, internal error, service restart, try again later, bad gateway, TLS.
 */
const passing = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015]);

/**
 * The relay closes with 3000-3499 or 4000-4499 to ask for another connection; whatever else it
 * says is final until somebody acts.
 */
export function closureOf(code: number, reason: string): Closure {
  const asked = (code >= 3000 && code < 3500) || (code >= 4000 && code < 4500);
  if (asked || passing.has(code)) return { kind: "reconnect" };
  return { kind: "final", error: finalError(code, reason) };
}

function finalError(closeCode: number, reason: string): SealdeskError {
  switch (closeCode) {
    case 4501:
      return new SealdeskError("signed_out", "The relay refused the session.", { closeCode });
    case 4503:
      return new SealdeskError("device_revoked", "The relay refused this device.", { closeCode });
    case 4504:
      return new SealdeskError("tenant_suspended", "The organisation is suspended.", {
        closeCode,
      });
    case 4509:
      return new SealdeskError("displaced", "This device connected from somewhere else.", {
        closeCode,
      });
    default:
      return new SealdeskError("relay_refused", `The relay closed for good: ${reason}.`, {
        closeCode,
      });
  }
}

/** Closed with this code the relay asks for a fresh access token first. */
export const tokenExpired = 4001;
