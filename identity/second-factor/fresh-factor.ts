import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideStepUp, type FactorFacts, type StepUpAct } from "../../policies/step-up.ts";
import { IdentityError } from "../identity-error.ts";
import { HAS_FACTOR } from "./has-factor.ts";

const FACTS = `
  select s.method, s.factor_at_ms as "factorAtMs", s.authenticated_at_ms as "authenticatedAtMs",
    ${HAS_FACTOR} as "hasFactor"
  from sessions s join users u on u.id = s.user_id where s.id = $1`;

/** Of a session that is gone. */
const UNKNOWN: FactorFacts = {
  method: "",
  hasFactor: true,
  factorAtMs: null,
  authenticatedAtMs: null,
};

/**
 * Requires that the actor proved the second factor a short time ago, if the account has one, or else signed in
 * at the identity provider, if that opened the session. Call it in the transaction of the act.
 * @param nowMs milliseconds since the Unix epoch
 * @throws IdentityError step_up_required
 */
export async function assertFreshFactor(
  client: Client,
  actor: Pick<Actor, "session">,
  act: StepUpAct,
  nowMs: number,
): Promise<void> {
  const { rows } = await client.query<FactorFacts>(FACTS, [actor.session]);
  const { allowed, reasons } = decideStepUp(act, rows[0] ?? UNKNOWN, nowMs);
  if (allowed) return;
  const sentence = reasons.includes("sign_in_not_fresh")
    ? "Sign in again at your identity provider, which must ask who you are (max_age=0), then repeat the request."
    : "Prove your second factor again (POST /v1/sessions/current/step-up), then repeat the request.";
  throw new IdentityError("step_up_required", sentence, { reasons });
}
