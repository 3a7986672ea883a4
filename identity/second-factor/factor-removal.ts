import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials } from "../../policies/credentials.ts";
import type { Decision } from "../../policies/decision.ts";
import { assertAllowedOnDevice } from "../audited.ts";
import { lockAccounts } from "../directory/lock-account.ts";
import { userNotFound } from "../identity-error.ts";
import { readCredentialsFacts } from "../passwords/password-account.ts";
import { assertSession } from "../tokens/session-end.ts";
import { assertFreshFactor } from "./fresh-factor.ts";
import { hasFactor } from "./has-factor.ts";

/** A factor that an actor removes: of their own account, or of somebody who lost it. */
export interface FactorRemoval {
  readonly action: "remove_factor" | "reset_factor";
  readonly user: UserId;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Locks the account and decides whether the actor may remove a second factor of it now.
 * @param note is told the decision
 * @throws IdentityError user_not_found, session_revoked, device_required, forbidden, step_up_required
 */
export async function assertMayRemove(
  client: Client,
  actor: Actor,
  { action, user, nowMs }: FactorRemoval,
  note: (found: { readonly decision: Decision }) => void,
): Promise<void> {
  await lockAccounts(client, [actor.user, user]);
  // This may have waited for the lock. If two administrators reset each other, the first one wins.
  await assertSession(client, actor);
  const facts = await readCredentialsFacts(client, user);
  if (facts === undefined) throw userNotFound();
  const decision = decideCredentials(actor, action, { tenant: actor.tenant, user, ...facts });
  note({ decision });
  assertAllowedOnDevice(decision);
  await assertFreshFactor(client, actor, action, nowMs);
}

/** If the role needs a second factor, open sessions may only enrol another one once the last one is gone. */
export async function forgetProofs(client: Client, user: UserId): Promise<void> {
  if (!(await hasFactor(client, user)))
    await client.query("update sessions set factor_at_ms = null where user_id = $1", [user]);
}
