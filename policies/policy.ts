import { defaultRules, type Resource } from "./rules/default-rules.ts";
import type { PolicyRule } from "./rules/rule.ts";
import { defaultDemands, type Demand } from "./versions/demands.ts";

/** The rules that decide about one tenant. */
export interface Policy {
  /** The version of the tenant's policy. 0 stands for the default rules, with which each tenant begins. */
  readonly version: number;
  readonly rules: readonly PolicyRule<Resource>[];
  /** The acts that other people must approve. */
  readonly demands: readonly Demand[];
}

export const defaultPolicy: Policy = {
  version: 0,
  rules: defaultRules,
  demands: defaultDemands,
};
