import { randomBytes } from "node:crypto";
import { Secret as TotpSecret, TOTP } from "otpauth";

/** RFC 4226 section 4 recommends 160 bits. */
const SECRET_BYTES = 20;
const PERIOD_S = 30;

// Authenticator apps ignore other parameters: SHA-1, six digits, 30 seconds (RFC 6238 section 1.2).
const totpOf = (secret: Uint8Array, names: { issuer?: string; label?: string } = {}) =>
  new TOTP({
    ...names,
    secret: new TotpSecret({ buffer: new Uint8Array(secret).buffer }),
    period: PERIOD_S,
  });

export const newTotpSecret = (): Uint8Array => new Uint8Array(randomBytes(SECRET_BYTES));

/** What an authenticator app reads: a URI, which is shown as a QR code, and the secret in it, for typing. */
export interface TotpEnrolment {
  readonly uri: string;
  /** Base32 (RFC 4648 section 6). */
  readonly secret: string;
}

export function enrolmentOf(
  secret: Uint8Array,
  names: { readonly issuer: string; readonly label: string },
): TotpEnrolment {
  const totp = totpOf(secret, names);
  return { uri: totp.toString(), secret: totp.secret.base32 };
}

/**
 * Returns the time step (RFC 6238 section 4.2) that a code belongs to: the present one, or the one before or
 * after it (section 5.2). Undefined if the code is of none of them.
 * @param nowMs milliseconds since the Unix epoch
 */
export function stepOf(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  const delta = totpOf(secret).validate({ token: code, timestamp: nowMs, window: 1 });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_S) + delta;
}
