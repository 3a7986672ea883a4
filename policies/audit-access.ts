import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";

/** Decides whether `actor` may read the audit log of `tenant`: its tiles, by search, or its tail. Pure. */
export function decideAuditReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "audit_log", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  return deny(`role_${actor.role}`, ...missingEvidence(actor, "audit_log", "read", { tenant }));
}

/**
 * Decides whether a program may read the audit log of a tenant as one of its monitors. Pure.
 * @param monitor the one whose token the program has, if there is one
 */
export function decideMonitorReading(
  monitor: { readonly expiresAtMs: number } | undefined,
  tenant: { readonly suspendedAtMs: number | null },
  nowMs: number,
): Decision {
  if (monitor === undefined) return deny("unknown_token");
  if (monitor.expiresAtMs <= nowMs) return deny("token_expired");
  if (tenant.suspendedAtMs !== null) return deny("tenant_suspended");
  return allow("monitors_audit_log");
}
