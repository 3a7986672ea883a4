import type { MongoQuery } from "@casl/ability";
import type { Role } from "../roles.ts";

/** The roles of accounts, the programs that have an API key, and those that have a key of the operator. */
export type PolicyRole = Role | "api_key" | "operator_key";

/**
 * Allows actions to roles. It is data: it can be written as JSON. It holds only for resources of the actor's
 * own tenant, which no condition has to say.
 */
export interface PolicyRule<Resource extends string = string, Action extends string = string> {
  /** Names the rule for people and in explanations. It is unique. */
  readonly id: string;
  readonly resource: Resource;
  readonly actions: readonly Action[];
  readonly roles: readonly PolicyRole[];
  /** Whether the actor's device must be registered, or must not be. Either will do by default. */
  readonly device?: "registered" | "unregistered";
  /**
   * What must be true of the facts. `$actor.user`, `$actor.role` and `$actor.device` stand for the actor's.
   * A rule that names one that the actor does not have allows nothing.
   */
  readonly conditions: MongoQuery;
  /** The fields of the answer that the rule shows; all of `optionalFields` by default. */
  readonly fields?: readonly string[];
  /** The conditions in a sentence, for people. */
  readonly means: string;
  /** What an entry of the audit log says when the rule allowed the act. */
  readonly reason: string;
}
