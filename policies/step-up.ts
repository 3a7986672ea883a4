import { allow, deny, type Decision } from "./decision.ts";
import type { ActionsOf } from "./rules/default-rules.ts";

/** How long a proof counts as fresh, in milliseconds. */
const FRESH_MS = 10 * 60 * 1000;

/**
 * The acts that need a fresh proof of the second factor, because they are hard to undo. "revoke_device" needs it for
 * devices of other accounts only: who lost a device must be able to remove it at once.
 */
const acts = {
  directory: ["revoke_device", "reset_account"],
  credentials: ["reset_password", "enrol_factor", "remove_factor", "reset_factor"],
  policy: ["approve"],
  alerts: ["set_webhook"],
  break_glass: ["approve"],
  holds: ["release", "approve"],
  retention: ["save", "approve", "classify"],
  requests: ["decide"],
  erasures: ["begin", "set_consumers"],
  breaches: ["contain", "close"],
  reports: ["approve"],
} as const satisfies { readonly [R in keyof ActionsOf]?: readonly ActionsOf[R][] };

/** An act that needs a fresh proof of the second factor. */
export type StepUpAct = (typeof acts)[keyof typeof acts][number];

/** The facts about the session of the actor. Times are in milliseconds since the Unix epoch. */
export interface FactorFacts {
  /** The way in which the session was opened. */
  readonly method: string;
  /** Whether the account has a second factor of its own. */
  readonly hasFactor: boolean;
  /** When it was proved in this session; null if it was not. */
  readonly factorAtMs: number | null;
  /** When the person proved to an identity provider who they are; null if it did not say. */
  readonly authenticatedAtMs: number | null;
}

/**
 * Decides whether the second factor was proved recently enough for an act of `acts`. Without a second factor of
 * its own, a session that an identity provider opened needs a recent sign-in there. Any other account without one
 * cannot prove one: whether it must have one is another decision. Pure.
 */
export function decideStepUp(
  _act: StepUpAct,
  { method, hasFactor, factorAtMs, authenticatedAtMs }: FactorFacts,
  nowMs: number,
): Decision {
  const isFresh = (atMs: number) => nowMs - atMs < FRESH_MS;
  if (hasFactor) {
    if (factorAtMs === null) return deny("factor_not_proved");
    return isFresh(factorAtMs) ? allow("fresh_factor") : deny("factor_not_fresh");
  }
  if (method !== "oidc") return allow("no_second_factor");
  return authenticatedAtMs !== null && isFresh(authenticatedAtMs)
    ? allow("fresh_sign_in")
    : deny("sign_in_not_fresh");
}
