import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideStepUp, type FactorFacts, type StepUpAct } from "../../policies/step-up.ts";
import { IdentityError } from "../identity-error.ts";
import { HAS_FACTOR } from "./prove-factor.ts";

const FACTS = `
  select s.factor_at_ms as "factorAtMs", ${HAS_FACTOR} as "hasFactor"
  from sessions s join users u on u.id = s.user_id where s.id = $1`;

/**
 * Requires that the actor proved the second factor a short time ago, if the account has one. Call it in the
 * transaction of the act.
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
  const facts = rows[0] ?? { hasFactor: true, factorAtMs: null };
  const { allowed, reasons } = decideStepUp(act, facts, nowMs);
  if (!allowed)
    throw new IdentityError(
      "step_up_required",
      "Prove your second factor again (POST /v1/sessions/current/step-up), then repeat the request.",
      { reasons },
    );
}
