import type { Actor } from "../../policies/actor.ts";
import { audited, auditRefusals, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { CountAttempts } from "../passwords/change-password.ts";
import type { Asker } from "../passkeys/challenges.ts";
import { proveFactor, type FactorProof, type ProofDeps } from "./prove-factor.ts";

export interface FactorDeps extends UseCase, ProofDeps {
  readonly attempts: CountAttempts;
}

/**
 * Proves the second factor again in the actor's session. Acts that are hard to undo need it: see
 * `assertFreshFactor`.
 * @throws IdentityError second_factor_failed, also for an account without a second factor; second_factor_locked;
 *   session_revoked; and what `attempts` throws
 */
export async function stepUp(
  deps: FactorDeps,
  actor: Actor,
  proof: FactorProof,
  asker: Asker,
): Promise<void> {
  const { tenant, user, session } = actor;
  const act = {
    action: "session.step_up",
    resource: { type: "session", id: session },
    details: { factor: proof.kind },
  } as const;
  const nowMs = deps.now();
  await auditRefusals(deps, actor, act, () =>
    assertProved(deps, { tenant, user }, proof, asker, nowMs),
  );
  await audited(deps, actor, act, (client) =>
    client.query("update sessions set factor_at_ms = $2 where id = $1", [session, nowMs]),
  );
}

/** @throws IdentityError second_factor_failed, second_factor_locked; and what `attempts` throws */
async function assertProved(
  deps: FactorDeps,
  account: Pick<Actor, "tenant" | "user">,
  proof: FactorProof,
  asker: Asker,
  nowMs: number,
): Promise<void> {
  const prove = () => proveFactor(deps, account, proof, asker, nowMs);
  if (!(await deps.attempts.run(`${account.user} second factor`, prove))) throw factorFailed();
}

export const factorFailed = (): IdentityError =>
  new IdentityError(
    "second_factor_failed",
    "The proof of the second factor is not right, or it was used before. Use the next code, or your passkey again.",
  );
