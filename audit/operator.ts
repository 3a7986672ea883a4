/** The person who acts as the operator, and what for. */
export type OperatorPerson = {
  /** The name from `--as`, or the login name of the account that ran the command. */
  readonly name: string;
  readonly source: "as" | "login";
  /** The change or ticket that the act belongs to. */
  readonly ticket?: string | undefined;
  /** One line. */
  readonly reason?: string | undefined;
  /** A code of purpose of use. */
  readonly purpose?: string | undefined;
};

/** The operator as the actor of an entry. */
export interface OperatorActor {
  readonly kind: "system";
  readonly id: "operator";
  readonly person?: OperatorPerson | undefined;
}

/** The operator, if no person is known: a program acts, such as a server with sample accounts. */
export const OPERATOR: OperatorActor = { kind: "system", id: "operator" };
