import { hash, verify } from "@node-rs/argon2";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import type { Holder } from "../../policies/fair-shares.ts";
import type { Secret } from "../../keys/secret.ts";
import { opaqueString } from "./opaque-string.ts";
import { usablePassword } from "./usable-password.ts";

/**
 * Returns the Argon2id hash (RFC 9106) of a new password, in PHC form. The library's parameters are OWASP's
 * (19 MiB, two passes).
 * @param names what the password must not contain: see `usablePassword`
 * @throws IdentityError weak_password, password_too_common
 */
export const hashPassword = async (
  password: Secret<string>,
  names: readonly string[],
): Promise<string> => hash(await usablePassword(password, names));

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
  const matches = await checks.run(holder, () => verify(compared, opaqueString(password.reveal())));
  return matches && stored !== undefined;
}
