import { allow, deny, type Decision } from "./decision.ts";

/** How long an anonymous account that never began a conversation is kept, in milliseconds. */
export const UNUSED_ANONYMOUS_MS = 24 * 3_600_000;

/** The facts about a sign-in without a customer token. */
export interface AnonymousFacts {
  /** The tenant lets customers be anonymous. */
  readonly tenantAllows: boolean;
  /** Whose the device key is. */
  readonly key: "of_nobody" | "of_anonymous" | "of_known";
}

/** Decides whether a device may sign in without a customer token. Denies by default. Pure. */
export function decideAnonymousSignIn({ tenantAllows, key }: AnonymousFacts): Decision {
  if (!tenantAllows) return deny("anonymous_not_allowed");
  return key === "of_known" ? deny("customer_known") : allow("anonymous_customer");
}

/** The facts about a customer token that the device of an anonymous account presents. */
export interface IdentificationFacts {
  /** Whether the token's customer has an account, which is another one. */
  readonly hasAccount: boolean;
}

/** Decides whether the anonymous account becomes that of the token's customer. Pure. */
export const decideIdentification = ({ hasAccount }: IdentificationFacts): Decision =>
  hasAccount ? deny("customer_exists") : allow("token_names_customer");
