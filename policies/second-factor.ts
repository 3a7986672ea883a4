import { allow, deny, type Decision } from "./decision.ts";

/** The facts about a session and the role of its account. */
export interface SecondFactorFacts {
  /** The way in which the session was opened. */
  readonly method: string;
  /** Whether the tenant requires a second factor of the role. */
  readonly isRequired: boolean;
  /** When it was proved in the session, in milliseconds since the Unix epoch; null if it was not. */
  readonly factorAtMs: number | null;
}

/**
 * The wrong codes of an authenticator app in succession that lock it. NIST SP 800-63B section 5.2.2 allows at most
 * 100. With three valid codes of a million, a thief of the password guesses one with a probability of 0.03 %.
 */
export const WRONG_CODES = 100;

/** Decides whether the authenticator app may still prove anything. Pure. */
export const decideAppUse = ({ wrongCodes }: { readonly wrongCodes: number }): Decision =>
  wrongCodes < WRONG_CODES ? allow("few_wrong_codes") : deny("too_many_wrong_codes");

/** Whoever signs a person in like this answers for the second factor: the tenant, or its identity provider. */
export const SIGNED_IN_ELSEWHERE: readonly string[] = ["customer_token", "oidc"];

/**
 * Decides whether a session may be used for anything but enrolling a second factor. Only a password is not
 * enough, and so is any other method that is not listed. Pure.
 */
export function decideSessionUse({ method, isRequired, factorAtMs }: SecondFactorFacts): Decision {
  if (!isRequired) return allow("second_factor_optional");
  if (SIGNED_IN_ELSEWHERE.includes(method)) return allow("signed_in_elsewhere");
  return factorAtMs === null ? deny("second_factor_not_enrolled") : allow("second_factor_proved");
}
