import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { CaseMachine } from "../../policies/case-machine.ts";
import type { Case } from "./stored-case.ts";

/** What a step is given. Its transaction holds the lock of the case's row. */
export interface StepContext {
  readonly client: Client;
  readonly tenant: TenantId;
  /** The case as it was locked. */
  readonly found: Case;
  /**
   * Identifies this step of this case: its id, a colon and the step's number. Calls of what is outside of the
   * database carry it. They must be idempotent, because a process may die between such a call and the commit.
   */
  readonly key: `${CaseId}:${number}`;
  /** The time of the database, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** What follows a step. */
export interface StepOutcome {
  readonly to: string;
  /** When the server takes the next step, in milliseconds since the Unix epoch; at once by default. */
  readonly wakeAtMs?: number | undefined;
  /** The new due date, if it changes, in milliseconds since the Unix epoch. */
  readonly dueAtMs?: number | undefined;
}

/**
 * Does the work of a state in the transaction of the step. If it throws, nothing of the step stays, the case is
 * pending with the error's code, and the step is tried again later.
 * @throws CasePending, if something must happen first; any other error
 */
export type Step = (context: StepContext) => Promise<StepOutcome>;

/** A kind of case: its machine, and what the server does in each state that it runs. */
export interface CaseKind {
  readonly machine: CaseMachine;
  readonly steps: Readonly<Record<string, Step>>;
}

/** Says why a step cannot be done yet. Everybody who may see the case sees the reason. */
export class CasePending extends Error {
  override readonly name = "CasePending";
  readonly reason: string;
  /** @param reason a code such as "attachments": lower-case letters, digits and underscores */
  constructor(reason: string, options?: ErrorOptions) {
    super(`The case waits: ${reason}.`, options);
    this.reason = reason;
  }
}
