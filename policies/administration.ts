import type { TenantId } from "../crypto/wire/ids.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { defaultPolicy } from "./policy.ts";
import type { AdministrationAction } from "./rules/administration.ts";

export { administrationActions, type AdministrationAction } from "./rules/administration.ts";

/** An API key and its tenant, as they are at the time of the decision. */
export interface ApiKeyFacts {
  /** The tenant that the key belongs to. */
  readonly tenant: TenantId;
  readonly scopes: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
  readonly suspendedAtMs: number | null;
}

/**
 * Decides whether a program may act with an API key at all, whatever it asks for. Pure.
 * @param key undefined if the tenant has no key with this id and secret
 */
export function decideApiKey(
  key: Omit<ApiKeyFacts, "tenant" | "scopes"> | undefined,
  nowMs: number,
): Decision {
  if (key === undefined) return deny("unknown_token");
  const standing = standingOf(key, nowMs);
  return standing === "valid" ? allow("valid_token") : deny(standing);
}

/** Decides whether an API key may do `action` in `tenant`. Denies by default. Pure. */
export function decideAdministration(
  key: ApiKeyFacts,
  action: AdministrationAction,
  tenant: TenantId,
  nowMs: number,
): Decision {
  const standing = standingOf(key, nowMs);
  const facts = { tenant, scopes: key.scopes, standing };
  // No version of a policy changes the rules about API keys.
  const actor = { tenant: key.tenant, role: "api_key", policy: defaultPolicy } as const;
  const rule = grantingRule(actor, "administration", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (key.tenant !== tenant) return deny("foreign_tenant");
  return deny(standing === "valid" ? "scope_missing" : standing);
}

function standingOf(
  { expiresAtMs, suspendedAtMs }: Pick<ApiKeyFacts, "expiresAtMs" | "suspendedAtMs">,
  nowMs: number,
): "valid" | "token_expired" | "tenant_suspended" {
  if (expiresAtMs <= nowMs) return "token_expired";
  return suspendedAtMs === null ? "valid" : "tenant_suspended";
}
