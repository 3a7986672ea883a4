import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { CredentialsAction } from "./rules/credentials.ts";

export interface CredentialsFacts {
  readonly tenant: TenantId;
  /** The account whose credentials they are. */
  readonly user: UserId;
  /** False for customers, and for staff that sign in elsewhere. */
  readonly hasPassword: boolean;
  /** Whether the account has a registered device. */
  readonly hasDevices: boolean;
}

/** Decides whether `actor` may change the credentials of an account. Denies by default. Pure. */
export function decideCredentials(
  actor: Actor,
  action: Exclude<CredentialsAction, OwnAction>,
  facts: CredentialsFacts,
): Decision {
  const rule = grantingRule(actor, "credentials", action, facts);
  return rule === undefined ? deny(whyNot(actor, action, facts)) : allow(rule.reason);
}

type OwnAction = "list_sessions" | "end_session" | "list_passkeys" | "rename_passkey";

/**
 * Decides whether `actor` may see or end the sessions of an account, or see or name its passkeys. Denies by default.
 * Pure.
 */
export function decideOwn(
  actor: Actor,
  action: OwnAction,
  facts: Pick<CredentialsFacts, "tenant" | "user">,
): Decision {
  const rule = grantingRule(actor, "credentials", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  return deny(facts.tenant === actor.tenant ? "foreign_account" : "foreign_tenant");
}

/** Returns the reason that prevents the action, for the audit log. */
function whyNot(actor: Actor, action: CredentialsAction, facts: CredentialsFacts): string {
  if (facts.tenant !== actor.tenant) return "foreign_tenant";
  if (!facts.hasPassword) return "no_password";
  const isOwn = facts.user === actor.user;
  const isReset = action === "reset_password" || action === "reset_factor";
  if (isReset && isOwn) return "own_account";
  if (isReset ? actor.role === "admin" : isOwn) return "device_not_registered";
  return `role_${actor.role}`;
}

/** How long a link for a new password is valid, in milliseconds. */
export const RESET_LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * Decides whether somebody may choose a new password with a link. Pure.
 * @param link the one that was presented, if there is one
 */
export function decidePasswordReset(
  link: { readonly expiresAtMs: number } | undefined,
  tenant: { readonly suspendedAtMs: number | null } | undefined,
  nowMs: number,
): Decision {
  if (tenant === undefined) return deny("unknown_tenant");
  if (link === undefined) return deny("unknown_link");
  if (link.expiresAtMs <= nowMs) return deny("link_expired");
  if (tenant.suspendedAtMs !== null) return deny("tenant_suspended");
  return allow("holds_link");
}
