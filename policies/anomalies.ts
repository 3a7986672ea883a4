import type { SignInFacts } from "./sign-in-facts.ts";

/** How long a registered device counts as new, in milliseconds. */
export const NEW_DEVICE_MS = 24 * 3_600_000;
/** Sign-ins of an account within an hour that are unusual. */
const MANY_SIGN_INS = 10;
/** Accounts that sign in from one network on one day that are unusual. */
const MANY_ACCOUNTS = 50;

/** What is unusual about a sign-in. */
export type Anomaly = "new_device" | "sign_in_velocity" | "accounts_on_network";

/** The facts about a sign-in that is under way. */
export type AnomalyFacts = Pick<SignInFacts, "signInVelocity" | "accountsOnNetwork"> & {
  /** The device is not registered, and the account has another one that is. */
  readonly hasOnlyOtherDevices: boolean;
};

/**
 * Returns what is unusual about a sign-in, for the audit log. It refuses nobody: a version of the policy can demand more
 * evidence by the same facts. Pure.
 */
export function anomaliesOf(facts: AnomalyFacts): readonly Anomaly[] {
  const found: Anomaly[] = [];
  if (facts.hasOnlyOtherDevices) found.push("new_device");
  if (facts.signInVelocity >= MANY_SIGN_INS) found.push("sign_in_velocity");
  if (facts.accountsOnNetwork >= MANY_ACCOUNTS) found.push("accounts_on_network");
  return found;
}

/** Returns whether the device of a request counts as new. Times are in milliseconds since the Unix epoch. */
export const isNewDevice = (registeredAtMs: number | null, nowMs: number): boolean =>
  registeredAtMs === null || nowMs - registeredAtMs < NEW_DEVICE_MS;
