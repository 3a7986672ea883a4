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
}

/** The facts of a sign-in with all the evidence that a rule can ask for. */
export const strongestSignIn: SignInFacts = { assurance: 3, anonymous: false };

/** The facts of a sign-in of which nothing is known. A rule that asks for evidence allows nothing by them. */
export const unknownSignIn: SignInFacts = { assurance: 0, anonymous: true };
