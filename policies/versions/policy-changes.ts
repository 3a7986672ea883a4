import type { Role } from "../roles.ts";
import type { AddedDemand } from "./demands.ts";

/** A test of one fact: a value, or an operator with its operand. */
export type ConditionTest = string | number | boolean | Readonly<Record<string, unknown>>;

/** A rule that a version adds. */
export interface AddedRule {
  /** Begins with "local.", so that no later default rule has it. */
  readonly id: string;
  /**
   * The default rule that this one narrows. The added rule then needs what that rule needs, and its own
   * conditions besides.
   */
  readonly narrows?: string | undefined;
  /** The kind of resource; that of the narrowed rule by default. */
  readonly resource?: string | undefined;
  readonly actions: readonly string[];
  readonly roles: readonly Role[];
  readonly device?: "registered" | undefined;
  readonly conditions: Readonly<Record<string, ConditionTest>>;
  /** The fields that it shows, of those that may be left out; those of the narrowed rule by default. */
  readonly fields?: readonly string[] | undefined;
  /** The conditions in a sentence, for people. */
  readonly means: string;
}

/** A version of a policy: what it changes in the default rules. */
export interface PolicyChanges {
  /** The ids of the default rules that the version switches off. */
  readonly off: readonly string[];
  readonly add: readonly AddedRule[];
  /** The acts that a second person must approve, besides those that always need one. */
  readonly secondPerson?: readonly AddedDemand[] | undefined;
}

export const noChanges: PolicyChanges = { off: [], add: [] };
