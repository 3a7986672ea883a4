import type { TenantId } from "../crypto/wire/ids.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { defaultPolicy } from "./policy.ts";
import { administrationActions, type AdministrationAction } from "./rules/administration.ts";

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
 * Decides whether a program may act with a key at all, whatever it asks for. Pure.
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

/** An act that a program asks for. */
export interface AdministrationAct {
  readonly action: AdministrationAction;
  /** The name of the identity provider for which it acts over SCIM. */
  readonly provider?: string | undefined;
}

/** Returns the scope that allows the act. That of SCIM names the provider; no key has `scim:NAME`. */
export const scopeOf = ({ action, provider = "NAME" }: AdministrationAct): string =>
  action === "scim" ? `scim:${provider}` : action;

/** Returns whether an API key can have this scope. */
export function isScope(text: string): boolean {
  if (text.startsWith("scim")) return /^scim:[a-z0-9][a-z0-9-]{0,62}$/.test(text);
  return (administrationActions as readonly string[]).includes(text);
}

/** Decides whether an API key may do an act in `tenant`. Denies by default. Pure. */
export function decideAdministration(
  key: ApiKeyFacts,
  act: AdministrationAct,
  tenant: TenantId,
  nowMs: number,
): Decision {
  const { action } = act;
  const standing = standingOf(key, nowMs);
  const scopes = key.scopes.includes(scopeOf(act)) ? [action] : [];
  const facts = { tenant, scopes, standing };
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
