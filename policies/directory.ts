import {
  createMongoAbility,
  type MongoAbility,
  type MongoQuery,
  type RawRuleFrom,
} from "@casl/ability";
import type { TenantId, UserId, DeviceId } from "../crypto/wire/ids.ts";
import { isStaff, type Actor, type Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/**
 * "read_devices": read the certified device records of an account. "take_bundle": take prekeys of one
 * device; each is given out once. "publish_prekeys": replace and count one's own prekeys.
 * "renew_list": sign the account's list of devices anew. "revoke_device": remove a device for ever, of
 * one's own account or as an admin. "reset_account": remove all devices
 * of an account, so that its next device makes a new account key.
 */
export type DirectoryAction =
  | "read_devices"
  | "take_bundle"
  | "publish_prekeys"
  | "renew_list"
  | "revoke_device"
  | "reset_account";

export interface DirectoryFacts {
  readonly tenant: TenantId;
  /** The user whose devices they are. */
  readonly user: UserId;
  readonly role: Role;
  /** True if the actor and the user are members of the same conversation now. */
  readonly sharesConversation: boolean;
  /** The device, for "take_bundle" and "publish_prekeys". */
  readonly device?: DeviceId | undefined;
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
      // A person with only a stolen password must not be able to shut out the holder of the account key.
      rule(["renew_list", "revoke_device"], "own_account", { ...tenant, user: actor.user }),
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
      // An admin sees devices but takes no prekeys, because an admin writes no messages.
      return [...own, rule("read_devices", "staff", tenant), ...adminRules(actor)];
  }
}

/**
 * An admin with a registered device may remove each device of the tenant, and reset every account except
 * their own. For their own, they remove the other devices. A person with only a stolen password must not
 * be able to shut people out.
 */
const adminRules = ({ tenant, user, device }: Actor): DirectoryRule[] =>
  device === undefined
    ? []
    : [
        rule("revoke_device", "admin", { tenant }),
        rule("reset_account", "admin", { tenant, user: { $ne: user } }),
      ];

/** Decides whether `actor` may look up, publish or change what `facts` describe. Denies by default. Pure. */
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

/** Returns the reasons that prevent the action, for the audit log. */
function whyNot(actor: Actor, action: DirectoryAction, facts: DirectoryFacts): string {
  if (facts.tenant !== actor.tenant) return "foreign_tenant";
  const isOwn = ["publish_prekeys", "renew_list", "revoke_device"].includes(action);
  const isReset = action === "reset_account" && actor.role === "admin";
  if (isReset && facts.user === actor.user) return "own_account";
  if ((isOwn || isReset) && actor.device === undefined) return "device_not_registered";
  return `role_${actor.role}`;
}
