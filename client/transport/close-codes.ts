import { isProblem, SealdeskError } from "../errors.ts";

/** The reaction to a closed connection. */
export type Closure =
  { readonly kind: "reconnect" } | { readonly kind: "final"; readonly error: SealdeskError };

/**
 * Returns the meaning of a close code. With 3000-3499 or 4000-4499 the relay asks for another
 * connection. Its other codes are final until somebody acts. Codes below 3000 are those of RFC
 * 6455, which proxies and WebSocket libraries use. They concern the connection and not this device.
 */
export function closureOf(code: number, reason: string): Closure {
  const asked = (code >= 3000 && code < 3500) || (code >= 4000 && code < 4500);
  if (asked || code < 3000) return { kind: "reconnect" };
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
    case 4505:
      return new SealdeskError("session_idle", "Nobody used this session for too long.", {
        closeCode,
      });
    case 4509:
      return new SealdeskError("displaced", "This device connected from somewhere else.", {
        closeCode,
      });
    default:
      return new SealdeskError(
        "relay_refused",
        `The relay closed the connection for good: ${reason}.`,
        {
          closeCode,
        },
      );
  }
}

/** The relay's node is stopping, and another node can serve this device. */
export const goingAway = 3001;

/**
 * Returns true for codes that only a relay sends that has read the hello. So the transport works in
 * both directions.
 */
export const isFromRelay = (code: number): boolean =>
  code === goingAway || (code >= 4000 && code !== helloTimeout);

const helloTimeout = 4002;

/** The relay closes with this code to ask for a fresh access token. */
export const tokenExpired = 4001;

/**
 * Returns the close code for a hello that was refused over HTTP, or for a lost connection. Only a
 * problem from the server itself is final, because gateways and proxies answer with the same
 * statuses.
 */
export function closeCodeOf(error: unknown): number {
  if (!(error instanceof SealdeskError) || error.problem === undefined) return lost;
  if (isProblem(error, "device_required")) return 4503;
  if (isProblem(error, "not_ready")) return goingAway;
  switch (error.code) {
    case "signed_out":
      return 4501;
    case "device_revoked":
      return 4503;
    case "tenant_suspended":
      return 4504;
    case "session_idle":
      return 4505;
    default:
      return lost;
  }
}

const lost = 1006;
