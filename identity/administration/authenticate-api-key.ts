import { appendRefusal } from "../../audit/append-refusal.ts";
import { nilId, type TenantId } from "../../crypto/wire/ids.ts";
import { decideApiKey, type ApiKeyFacts } from "../../policies/administration.ts";
import { findTenant } from "../accounts/tenant.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { findKey } from "./find-key.ts";
import { parseKeyToken } from "./key-token.ts";

/** A program that has proved to have an API key. */
export interface ApiKeyHolder extends ApiKeyFacts {
  readonly id: string;
  readonly slug: string;
}

/**
 * Finds the API key of a request. A refusal does not say what is wrong, and whether there is such a tenant or key. If
 * the tenant exists, the audit log has the refusal and its reason.
 * @param request.slug the tenant that the request names
 * @param request.countFailure counts a key that is refused. If it throws, the audit log has no entry
 * @throws IdentityError invalid_token; what `countFailure` throws
 */
export async function authenticateApiKey(
  { pool, now }: UseCase,
  request: {
    readonly slug: string;
    readonly token: string;
    readonly requestId: string;
    readonly countFailure: () => Promise<unknown>;
  },
): Promise<ApiKeyHolder> {
  const { slug, requestId } = request;
  const nowMs = now();
  const tenant = await findTenant(pool, slug);
  const token = parseKeyToken(request.token, "sdk");
  // Without a tenant or a key, the same statement runs and finds nothing.
  const row = await findKey({ pool, now }, "api_keys", tenant?.id ?? nilId<TenantId>(), token);
  const suspendedAtMs = tenant?.suspendedAtMs ?? null;
  const decision = decideApiKey(row && { ...row, suspendedAtMs }, nowMs);
  if (tenant === undefined || row === undefined || token === undefined || !decision.allowed) {
    await request.countFailure();
    if (tenant === undefined) throw refused();
    await appendRefusal(pool, {
      tenant: tenant.id,
      occurredAtMs: nowMs,
      // The sender has not proved to have a key.
      actor: { kind: "system", id: "api-key" },
      action: "api_key.authenticate",
      resource: { type: "tenant", id: tenant.id },
      outcome: "refused",
      reason: decision.reasons[0],
      requestId,
      details: row && token && { key: token.id },
    });
    throw refused();
  }
  const { scopes, expiresAtMs } = row;
  return { id: token.id, slug, tenant: tenant.id, scopes, expiresAtMs, suspendedAtMs };
}

const refused = (): IdentityError =>
  new IdentityError(
    "invalid_token",
    "The API key is not one of this tenant, or it has ended. Ask the operator for another one.",
  );
