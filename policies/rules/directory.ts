import { roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

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

const own = { user: "$actor.user" };

/** The conditions refer to the facts of `decideDirectory`. */
export const directoryRules: readonly PolicyRule<"directory", DirectoryAction>[] = [
  {
    id: "directory.own",
    resource: "directory",
    actions: ["read_devices", "take_bundle"],
    roles,
    conditions: own,
    means: "It is the actor's own account.",
    reason: "own_account",
  },
  {
    id: "directory.publish",
    resource: "directory",
    actions: ["publish_prekeys"],
    roles,
    device: "registered",
    conditions: { ...own, device: "$actor.device" },
    means: "It is the actor's own registered device.",
    reason: "own_device",
  },
  {
    id: "directory.manage_own",
    resource: "directory",
    actions: ["renew_list", "revoke_device"],
    roles,
    // A person with only a stolen password must not be able to shut out the holder of the account key.
    device: "registered",
    conditions: own,
    means: "It is the actor's own account, and the actor uses a registered device of it.",
    reason: "own_account",
  },
  {
    id: "directory.staff_for_customers",
    resource: "directory",
    actions: ["read_devices", "take_bundle"],
    roles: ["customer"],
    conditions: { staff: true },
    means: "The account is staff.",
    reason: "staff_is_listed",
  },
  {
    id: "directory.fellow_members",
    resource: "directory",
    actions: ["read_devices", "take_bundle"],
    roles: ["customer"],
    conditions: { sharesConversation: true },
    means: "The actor and the account are members of one conversation.",
    reason: "shares_conversation",
  },
  {
    id: "directory.for_staff",
    resource: "directory",
    actions: ["read_devices", "take_bundle"],
    roles: ["agent", "supervisor", "bot"],
    conditions: {},
    means: "Each account of the tenant.",
    reason: "staff",
  },
  {
    id: "directory.for_archivers",
    resource: "directory",
    // It verifies who wrote what it keeps, also after they have left. It takes no prekeys, because it writes no messages.
    actions: ["read_devices"],
    roles: ["archiver"],
    conditions: {},
    means: "Each account of the tenant.",
    reason: "staff",
  },
  {
    id: "directory.for_admins",
    resource: "directory",
    // An admin sees devices but takes no prekeys, because an admin writes no messages.
    actions: ["read_devices"],
    roles: ["admin"],
    conditions: {},
    means: "Each account of the tenant.",
    reason: "staff",
  },
  {
    id: "directory.revoke",
    resource: "directory",
    actions: ["revoke_device"],
    roles: ["admin"],
    device: "registered",
    conditions: {},
    means: "Each device of the tenant. The admin uses a registered device.",
    reason: "admin",
  },
  {
    id: "directory.reset",
    resource: "directory",
    actions: ["reset_account"],
    roles: ["admin"],
    device: "registered",
    conditions: { user: { $ne: "$actor.user" } },
    means: "Each account of the tenant but the actor's own. The admin uses a registered device.",
    reason: "admin",
  },
];
