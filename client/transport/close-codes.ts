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

/** The relay's node is stopping; another one serves. */
export const goingAway = 3001;

/** True for codes that only the relay gives, which has read the hello: the way leads there and back. */
export const isFromRelay = (code: number): boolean =>
  code === goingAway || (code >= 4000 && code !== helloTimeout);

const helloTimeout = 4002;

/** Closed with this code the relay asks for a fresh access token first. */
export const tokenExpired = 4001;

/**
 * The code for a hello that was refused over HTTP, or for a connection that was lost. Only what the
 * server itself says is final: gateways and proxies refuse with the same statuses.
 */
export function closeCodeOf(error: unknown): number {
  if (!(error instanceof SealdeskError) || error.problem === undefined) return lost;
  if (error.problem === "device_required") return 4503;
  if (error.problem === "not_ready") return goingAway;
  switch (error.code) {
    case "signed_out":
      return 4501;
    case "device_revoked":
      return 4503;
    case "tenant_suspended":
      return 4504;
    default:
      return lost;
  }
}

const lost = 1006;
