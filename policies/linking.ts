import {
  createMongoAbility,
  type MongoAbility,
  type MongoQuery,
  type RawRuleFrom,
} from "@casl/ability";
import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/**
 * "request": a new device asks for the account key. "read": read who asks, and the answer.
 * "approve" and "refuse": answer as a registered device. "withdraw": the asking device takes the
 * request back, or has received what it asked for.
 */
export type LinkAction = "request" | "read" | "approve" | "refuse" | "withdraw";

export interface LinkFacts {
  readonly tenant: TenantId;
  /** The user whose account the new device asks to join. */
  readonly user: UserId;
  /** True if the asking device's own key signed this request. */
  readonly byAsking: boolean;
}

interface LinkSubject extends LinkFacts {
  readonly kind: "link";
}
type LinkTuple = [LinkAction, "link" | LinkSubject];
type LinkRule = RawRuleFrom<[LinkAction, "link"], MongoQuery>;

const rule = (action: LinkAction | LinkAction[], reason: string, more: MongoQuery): LinkRule => ({
  action,
  subject: "link",
  reason,
  conditions: more,
});

/** The rules are the same for every role, because every account may have several devices. */
function linkRules({ tenant, user, device }: Actor): LinkRule[] {
  const own = { tenant, user };
  const asking = { ...own, byAsking: true };
  const rules = [rule(["read", "withdraw"], "asking_device", asking)];
  if (device === undefined) rules.push(rule("request", "new_device", asking));
  else rules.push(rule(["read", "approve", "refuse"], "sibling", { ...own, byAsking: false }));
  return rules;
}

/** Decides whether `actor` may do `action` to the link request of `facts`. Denies by default. Pure. */
export function decideLinking(actor: Actor, action: LinkAction, facts: LinkFacts): Decision {
  const ability = createMongoAbility<MongoAbility<LinkTuple>>(linkRules(actor), {
    detectSubjectType: () => "link",
  });
  const granted = ability.relevantRuleFor(action, { ...facts, kind: "link" });
  return granted === null ? deny(...whyNot(actor, facts)) : allow(granted.reason ?? "granted");
}

/** Lists what prevents the action, for the audit log. */
function whyNot(actor: Actor, facts: LinkFacts): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  if (facts.user !== actor.user) return ["foreign_account"];
  return [actor.device === undefined ? "device_not_registered" : "device_registered"];
}
