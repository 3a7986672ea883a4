import { allow, deny, type Decision } from "./decision.ts";
import type { ActionsOf } from "./rules/default-rules.ts";

/** How long a proof of the second factor counts as fresh, in milliseconds. */
const FRESH_FACTOR_MS = 10 * 60 * 1000;

/**
 * The acts that need a fresh proof of the second factor, because they are hard to undo. "revoke_device" needs it for
 * devices of other accounts only: who lost a device must be able to remove it at once.
 */
const acts = {
  directory: ["revoke_device", "reset_account"],
  credentials: ["reset_password", "remove_factor", "reset_factor"],
  policy: ["approve"],
} as const satisfies { readonly [R in keyof ActionsOf]?: readonly ActionsOf[R][] };

/** An act that needs a fresh proof of the second factor. */
export type StepUpAct = (typeof acts)[keyof typeof acts][number];

/** The facts about the session of the actor. */
export interface FactorFacts {
  readonly hasFactor: boolean;
  /** Milliseconds since the Unix epoch; null if it was not proved in this session. */
  readonly factorAtMs: number | null;
}

/**
 * Decides whether the second factor was proved recently enough for an act of `acts`. An account without a second
 * factor cannot prove one: whether it must have one is another decision. Pure.
 */
export function decideStepUp(
  _act: StepUpAct,
  { hasFactor, factorAtMs }: FactorFacts,
  nowMs: number,
): Decision {
  if (!hasFactor) return allow("no_second_factor");
  if (factorAtMs === null) return deny("factor_not_proved");
  return nowMs - factorAtMs < FRESH_FACTOR_MS ? allow("fresh_factor") : deny("factor_not_fresh");
}
