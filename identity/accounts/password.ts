import { hash, verify } from "@node-rs/argon2";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import type { Holder } from "../../policies/fair-shares.ts";
import { IdentityError } from "../identity-error.ts";
import type { Secret } from "../../keys/secret.ts";

/**
 * NIST SP 800-63B section 3.1.1.2 requires at least 15 characters when a password is the only
 * factor.
 */
const MIN_PASSWORD_LENGTH = 15;
/** Enough for any passphrase. The limit makes longer input cheap to refuse. */
const MAX_PASSWORD_LENGTH = 256;

/**
 * Returns the Argon2id hash (RFC 9106) to store, in PHC form. The library's parameters are OWASP's
 * (19 MiB, two passes).
 * @throws IdentityError weak_password
 */
export async function hashPassword(password: Secret<string>): Promise<string> {
  const text = password.reveal().normalize("NFC");
  if (text.length < MIN_PASSWORD_LENGTH || text.length > MAX_PASSWORD_LENGTH)
    throw new IdentityError(
      "weak_password",
      `A password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters.`,
    );
  return hash(text);
}

// A hash of a password that nobody has, with the same parameters. An unknown user's password is
// compared with it.
let nobody: Promise<string> | undefined;

/** One of the four threads of the process is left for other work, such as files and names. */
const THREADS = 3;
const checks = new FairSemaphore(fairPlaces(THREADS));

/**
 * Checks `password` against a hash. It takes the same time when there is no hash. Tenants, and the
 * names within a tenant, take turns.
 * @param holder the tenant and the name that were given, whether or not they exist
 * @throws OverloadError overloaded
 */
export async function isPassword(
  stored: string | undefined,
  password: Secret<string>,
  holder: Holder,
): Promise<boolean> {
  nobody ??= hash("a password that nobody has");
  const compared = stored ?? (await nobody);
  const matches = await checks.run(holder, () =>
    verify(compared, password.reveal().normalize("NFC")),
  );
  return matches && stored !== undefined;
}
