import { appendEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideApiKey } from "../../policies/administration.ts";
import type { OperatorKeyFacts } from "../../policies/operator-keys.ts";
import { findKey } from "../administration/find-key.ts";
import { parseKeyToken } from "../administration/key-token.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";

/** A program that has proved to have a key of the operator. */
export interface OperatorKeyHolder extends OperatorKeyFacts {
  readonly id: string;
  /** The nil id, because the key belongs to no tenant. */
  readonly tenant: TenantId;
}

/**
 * Finds the operator's key of a request. A refusal does not say what is wrong. The operator's log has the reason. It also
 * has each use of a key, so that a key is found that SQL adds for one request.
 * @param request.countFailure counts a key that is refused. If it throws, the audit log has no entry
 * @throws IdentityError invalid_token; what `countFailure` throws
 */
export async function authenticateOperatorKey(
  { pool, now }: UseCase,
  request: {
    readonly token: string;
    readonly requestId: string;
    readonly countFailure: () => Promise<unknown>;
  },
): Promise<OperatorKeyHolder> {
  const nowMs = now();
  const token = parseKeyToken(request.token, "sdo");
  const row = await findKey({ pool, now }, "operator_keys", NO_TENANT, token);
  const decision = decideApiKey(row && { ...row, suspendedAtMs: null }, nowMs);
  if (row === undefined || token === undefined || !decision.allowed) {
    await request.countFailure();
    await appendRefusal(pool, {
      tenant: NO_TENANT,
      occurredAtMs: nowMs,
      // The sender has not proved to have a key.
      actor: { kind: "system", id: "operator-key" },
      action: "operator_key.authenticate",
      resource: { type: "operator_keys", id: NO_TENANT },
      outcome: "refused",
      reason: decision.reasons[0],
      requestId: request.requestId,
      details: row && token && { key: token.id },
    });
    throw new IdentityError(
      "invalid_token",
      "The key is not one of the operator, or it has ended. Make another one with sealdesk operator-key add.",
    );
  }
  await inTransaction(pool, NO_TENANT, (client) =>
    appendEntry(client, {
      tenant: NO_TENANT,
      occurredAtMs: nowMs,
      actor: { kind: "system", id: `operator-key ${token.id}` },
      action: "operator_key.authenticate",
      resource: { type: "operator_keys", id: NO_TENANT },
      outcome: "success",
      decision,
      requestId: request.requestId,
      details: { key: token.id },
    }),
  );
  const { scopes, expiresAtMs } = row;
  return { id: token.id, tenant: NO_TENANT, scopes, expiresAtMs };
}
