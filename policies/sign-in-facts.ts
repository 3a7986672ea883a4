/**
 * How surely the tenant knows who a customer is: the identity assurance level (IAL) of NIST SP 800-63A. 0 stands for no
 * identity proofing.
 */
export type AssuranceLevel = 0 | 1 | 2 | 3;

export const assuranceLevels: readonly AssuranceLevel[] = [0, 1, 2, 3];

/** What is known of the sign-in that opened the actor's session. The rules of a version may name these facts. */
export interface SignInFacts {
  /** The level that the customer token states; 0 for staff, who have no customer token. */
  readonly assurance: AssuranceLevel;
  /** Whether a customer signed in without a customer token. */
  readonly anonymous: boolean;
  /** Whether the device is not registered, or was registered within the last 24 hours. */
  readonly newDevice: boolean;
  /** Sessions of the account that were opened in the hour up to the sign-in, with this one. */
  readonly signInVelocity: number;
  /** Accounts that had signed in from the network on the day (UTC) of the sign-in, with this one. */
  readonly accountsOnNetwork: number;
}

/** Sign-ins of an account, and accounts of a network, are counted up to these numbers. */
export const MOST_SIGN_INS = 100;
export const MOST_ACCOUNTS = 100;

/** The facts of a sign-in with all the evidence that a rule can ask for. */
export const strongestSignIn: SignInFacts = {
  assurance: 3,
  anonymous: false,
  newDevice: false,
  signInVelocity: 1,
  accountsOnNetwork: 1,
};

/** The facts of a sign-in of which nothing is known. A rule that asks for evidence allows nothing by them. */
export const unknownSignIn: SignInFacts = {
  assurance: 0,
  anonymous: true,
  newDevice: true,
  signInVelocity: MOST_SIGN_INS,
  accountsOnNetwork: MOST_ACCOUNTS,
};
