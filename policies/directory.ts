import {
  createMongoAbility,
  type MongoAbility,
  type MongoQuery,
  type RawRuleFrom,
} from "@casl/ability";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { isStaff, type Actor, type Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/**
 * "read_devices": an account's certified device records. "take_bundle": one device's prekeys, of
 * which each is handed out once. "publish_prekeys": replacing and counting one's own.
 * "revoke_device": removing a device of one's own account for ever. "reset_account": letting an
 * account begin anew, without its devices and its key.
 */
export type DirectoryAction =
  "read_devices" | "take_bundle" | "publish_prekeys" | "revoke_device" | "reset_account";

export interface DirectoryFacts {
  readonly tenant: Uuid;
  /** Whose devices. */
  readonly user: Uuid;
  readonly role: Role;
  /** True when the actor and the user are members of one conversation now. */
  readonly sharesConversation: boolean;
  /** Which device, for "take_bundle" and "publish_prekeys". */
  readonly device?: Uuid | undefined;
}

interface DirectorySubject extends DirectoryFacts {
  readonly kind: "directory";
  readonly staff: boolean;
}
type DirectoryTuple = [DirectoryAction, "directory" | DirectorySubject];
type DirectoryRule = RawRuleFrom<[DirectoryAction, "directory"], MongoQuery>;

const rule = (
  action: DirectoryAction | DirectoryAction[],
  reason: string,
  conditions: MongoQuery,
): DirectoryRule => ({ action, subject: "directory", reason, conditions });

function directoryRules(actor: Actor): DirectoryRule[] {
  const tenant = { tenant: actor.tenant };
  const own = [
    rule(["read_devices", "take_bundle"], "own_account", { ...tenant, user: actor.user }),
  ];
  if (actor.device !== undefined)
    own.push(
      rule("publish_prekeys", "own_device", {
        ...tenant,
        user: actor.user,
        device: actor.device,
      }),
      // A stolen password alone must not shut out who holds the account's key.
      rule("revoke_device", "own_account", { ...tenant, user: actor.user }),
    );
  switch (actor.role) {
    case "customer":
      return [
        ...own,
        rule(["read_devices", "take_bundle"], "staff_is_listed", { ...tenant, staff: true }),
        rule(["read_devices", "take_bundle"], "shares_conversation", {
          ...tenant,
          sharesConversation: true,
        }),
      ];
    case "agent":
    case "supervisor":
    case "bot":
      return [...own, rule(["read_devices", "take_bundle"], "staff", tenant)];
    case "auditor":
    case "compliance_officer":
      return own;
    case "admin":
      // Sees which devices there are, but has no one to write to.
      return [...own, rule("read_devices", "staff", tenant), ...resetRules(actor)];
  }
}

/**
 * An admin with a registered device, for everybody but themselves: who has an own device removes the
 * others, and a stolen password alone must not shut people out.
 */
const resetRules = ({ tenant, user, device }: Actor): DirectoryRule[] =>
  device === undefined ? [] : [rule("reset_account", "admin", { tenant, user: { $ne: user } })];

/** Whether `actor` may look up, publish or change what `facts` describe. Denies by default. Pure. */
export function decideDirectory(
  actor: Actor,
  action: DirectoryAction,
  facts: DirectoryFacts,
): Decision {
  const ability = createMongoAbility<MongoAbility<DirectoryTuple>>(directoryRules(actor), {
    detectSubjectType: () => "directory",
  });
  const entry: DirectorySubject = { ...facts, kind: "directory", staff: isStaff(facts.role) };
  const granted = ability.relevantRuleFor(action, entry);
  if (granted !== null) return allow(granted.reason ?? "granted");
  return deny(whyNot(actor, action, facts));
}

/** What stands in the way, for the audit log. */
function whyNot(actor: Actor, action: DirectoryAction, facts: DirectoryFacts): string {
  if (facts.tenant !== actor.tenant) return "foreign_tenant";
  const isOwn = action === "publish_prekeys" || action === "revoke_device";
  const isReset = action === "reset_account" && actor.role === "admin";
  if (isReset && facts.user === actor.user) return "own_account";
  if ((isOwn || isReset) && actor.device === undefined) return "device_not_registered";
  return `role_${actor.role}`;
}
