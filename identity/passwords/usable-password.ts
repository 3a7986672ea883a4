import type { Secret } from "../../keys/secret.ts";
import { IdentityError } from "../identity-error.ts";
import { isCommonPassword } from "./common-passwords.ts";
import { isFreeform, opaqueString } from "./opaque-string.ts";

/**
 * NIST SP 800-63B section 3.1.1.2 requires at least 15 characters when a password is the only
 * factor.
 */
const MIN_PASSWORD_LENGTH = 15;
/** Enough for any passphrase. The limit makes longer input cheap to refuse. */
const MAX_PASSWORD_LENGTH = 256;
/** Shorter names occur in good passwords by chance. */
const MIN_NAME_LENGTH = 4;

/**
 * Returns a new password as it is hashed: see `opaqueString`. NIST SP 800-63B section 3.1.1.2 requires that it is
 * compared with common passwords and with words of the context.
 * @param names the user name and the tenant's short name, which the password must not contain
 * @throws IdentityError weak_password: a wrong length, or invisible characters; password_too_common
 */
export async function usablePassword(
  password: Secret<string>,
  names: readonly string[],
): Promise<string> {
  const text = opaqueString(password.reveal());
  // NIST counts each code point of Unicode as one character.
  const { length } = Array.from(text);
  if (length < MIN_PASSWORD_LENGTH || length > MAX_PASSWORD_LENGTH)
    throw new IdentityError(
      "weak_password",
      `A password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters.`,
    );
  if (!isFreeform(text))
    throw new IdentityError(
      "weak_password",
      "A password has no control characters and no invisible characters. Choose another one.",
    );
  const lower = text.toLowerCase();
  const isNamed = (name: string) =>
    name.length >= MIN_NAME_LENGTH && lower.includes(name.toLowerCase());
  if (names.some(isNamed))
    throw new IdentityError(
      "password_too_common",
      "A password does not contain the user name or the organisation's short name. Choose another one.",
    );
  if (await isCommonPassword(lower))
    throw new IdentityError(
      "password_too_common",
      "Many people use this password or one like it, so it is guessed first. Choose another one.",
    );
  return text;
}
