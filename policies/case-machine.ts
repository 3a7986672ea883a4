import { allow, deny, type Decision } from "./decision.ts";

/** A state of a kind of case. */
export interface CaseState {
  /** The states that may follow. None: the case is over. A state that is worked off in parts follows itself. */
  readonly next: readonly string[];
  /** True if the server takes the step. Otherwise the case waits for a person. */
  readonly isRun?: true;
  /** True if the step destroys data. It is not taken while the clocks disagree. */
  readonly isDestructive?: true;
}

/** The state machine of a kind of case. It is data. */
export interface CaseMachine {
  /** The kind of case, such as "access". */
  readonly kind: string;
  /** The state of a new case. */
  readonly first: string;
  readonly states: Readonly<Record<string, CaseState>>;
}

/** The state of a case of this kind; a state without successors if the machine does not have it. */
export const caseState = ({ states }: CaseMachine, state: string): CaseState =>
  (Object.hasOwn(states, state) ? states[state] : undefined) ?? { next: [] };

/** Whether a case in this state is over. */
export const isOver = (machine: CaseMachine, state: string): boolean =>
  caseState(machine, state).next.length === 0;

/** Decides whether a case may go from one state to another. Pure. */
export function decideMove(machine: CaseMachine, from: string, to: string): Decision {
  if (!Object.hasOwn(machine.states, to)) return deny("no_such_state");
  return caseState(machine, from).next.includes(to) ? allow("next_state") : deny("not_next_state");
}

/**
 * The largest difference between the clocks of a node and of the database at which the node destroys data, in
 * milliseconds. The clock of the database decides what is due. A node whose clock is wrong may have read other times
 * wrongly.
 */
const MOST_APART_TO_DESTROY_MS = 2_000;

/** Decides whether a step that destroys data may be taken. Pure. */
export const decideDestruction = (nodeMs: number, databaseMs: number): Decision =>
  Math.abs(nodeMs - databaseMs) > MOST_APART_TO_DESTROY_MS
    ? deny("clocks_apart")
    : allow("clocks_agree");

const RETRY_MS = { first: 1_000, most: 60_000 };

/** Returns when a step is tried again after so many attempts, if it was not done by then, in milliseconds. */
export const retryAfterMs = (attempts: number): number =>
  Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(attempts - 1, 30));
