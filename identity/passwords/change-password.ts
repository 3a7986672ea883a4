import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials } from "../../policies/credentials.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { assertAllowedOnDevice, auditDone, auditRefusals } from "../audited.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, endSessionsOf } from "../tokens/end-sessions.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import {
  assertOwnCredentials,
  readPasswordAccount,
  replacePassword,
  type PasswordAccount,
} from "./password-account.ts";
import { hashPassword, isPassword } from "./password-hash.ts";

/** Counts failed checks of an account's secret, apart from sign-ins. */
export interface CountAttempts {
  /**
   * Runs `check`, and counts it if it resolves to false. If too many failed, it rejects without calling
   * `check`.
   */
  run(account: string, check: () => Promise<boolean>): Promise<boolean>;
}

export interface PasswordDeps extends DirectoryDeps {
  readonly attempts: CountAttempts;
  readonly disconnect: Disconnect;
}

/**
 * Replaces the password of the actor's own account and ends its other sessions. The present password is
 * required, because whoever uses an unlocked device must not shut out its owner.
 * @throws IdentityError wrong_password, weak_password, password_too_common; device_required; forbidden, for an
 *   account without a password; session_revoked; and what `attempts` throws
 */
export async function changePassword(
  deps: PasswordDeps,
  actor: Actor,
  passwords: { readonly present: Secret<string>; readonly replacement: Secret<string> },
): Promise<void> {
  const { tenant, user, session } = actor;
  const act = { action: "user.change_password", resource: { type: "user", id: user } } as const;
  const ended = await auditRefusals(deps, actor, act, async () => {
    const account = await readPasswordAccount(deps, tenant, user);
    const decision = decideCredentials(actor, "change_password", { tenant, user, ...account });
    assertAllowedOnDevice(decision);
    const present = await assertPassword(deps, actor, account, passwords.present);
    const { username, slug } = account;
    const replacement = await hashPassword(passwords.replacement, [username, slug]);
    return inTransaction(deps.pool, tenant, async (client) => {
      await lockAccount(client, user);
      await assertOwnCredentials(client, actor, "change_password");
      const nowMs = deps.now();
      await replacePassword(client, user, { present, replacement });
      const others = await endSessionsOf(client, user, nowMs, session);
      const details = { sessions: others.length, passwordDigest: digestOf(replacement) };
      await auditDone(client, actor, { ...act, decision, details }, nowMs);
      return others;
    });
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

/**
 * Requires the password of the actor's account.
 * @returns its hash
 * @throws IdentityError wrong_password; and what `attempts` throws
 */
export async function assertPassword(
  { attempts }: Pick<PasswordDeps, "attempts">,
  { tenant, user }: Actor,
  { passwordHash }: PasswordAccount,
  password: Secret<string>,
): Promise<string> {
  const check = () => isPassword(passwordHash ?? undefined, password, { tenant, account: user });
  if (passwordHash === null || !(await attempts.run(user, check)))
    throw new IdentityError("wrong_password", "The present password is not right.");
  return passwordHash;
}
