import { roles, staffRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "change_password": replace one's own password. "enrol_factor" and "remove_factor": begin and stop signing in with
 * a second factor too. "reset_password": give another account a link with which its person chooses a new
 * password. "reset_factor": remove the second factor of another account. "list_sessions" and "end_session": see and end
 * one's own sessions. "list_passkeys" and "rename_passkey": see one's own passkeys and name them.
 */
export type CredentialsAction =
  | "change_password"
  | "enrol_factor"
  | "remove_factor"
  | "reset_password"
  | "reset_factor"
  | "list_sessions"
  | "end_session"
  | "list_passkeys"
  | "rename_passkey";

const own: readonly CredentialsAction[] = ["change_password", "enrol_factor", "remove_factor"];

/** The conditions refer to the facts of `decideCredentials`. */
export const credentialsRules: readonly PolicyRule<"credentials", CredentialsAction>[] = [
  {
    id: "credentials.own",
    resource: "credentials",
    actions: own,
    roles: staffRoles,
    // A person with only a stolen password must not be able to shut out the owner of the devices.
    device: "registered",
    conditions: { user: "$actor.user", hasPassword: true },
    means:
      "It is the actor's own account with a password, and the actor uses a registered device of it.",
    reason: "own_account",
  },
  {
    id: "credentials.without_devices",
    resource: "credentials",
    actions: own,
    roles: staffRoles,
    conditions: { user: "$actor.user", hasPassword: true, hasDevices: false },
    means: "It is the actor's own account with a password, and it has no registered device.",
    reason: "account_without_devices",
  },
  {
    id: "credentials.sessions",
    resource: "credentials",
    actions: ["list_sessions", "end_session"],
    roles,
    conditions: { user: "$actor.user" },
    means: "They are sessions of the actor's own account.",
    reason: "own_account",
  },
  {
    id: "credentials.passkeys",
    resource: "credentials",
    actions: ["list_passkeys", "rename_passkey"],
    roles: staffRoles,
    conditions: { user: "$actor.user" },
    means: "They are passkeys of the actor's own account.",
    reason: "own_account",
  },
  {
    id: "credentials.reset",
    resource: "credentials",
    actions: ["reset_password", "reset_factor"],
    roles: ["admin"],
    // A person with only a stolen password must not be able to replace those of others.
    device: "registered",
    conditions: { user: { $ne: "$actor.user" }, hasPassword: true },
    means:
      "Each account of the tenant that has a password, but the actor's own. The admin uses a registered device.",
    reason: "admin",
  },
];
