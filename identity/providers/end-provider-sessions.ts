import { appendEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import { endSessions, type EndedSession } from "../tokens/end-sessions.ts";
import type { IdentityProvider } from "./identity-provider.ts";

/**
 * Ends sessions that were opened with a provider, with an audit entry for each. The transaction must be
 * fenced to the tenant. Call `disconnectEnded` after it is committed.
 * @param which.condition of SQL on the session `s`; `$1` is the time, `$2` the provider's id
 * @param which.values those of the condition from `$3` on
 */
export async function endProviderSessions(
  client: Client,
  provider: IdentityProvider,
  which: { readonly condition: string; readonly values: readonly unknown[] },
  cause: { readonly nowMs: number; readonly requestId?: string | undefined },
): Promise<readonly EndedSession[]> {
  const { nowMs, requestId } = cause;
  const ended = await endSessions(client, `s.identity_provider = $2 and ${which.condition}`, [
    nowMs,
    provider.id,
    ...which.values,
  ]);
  for (const { id, user } of ended)
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant: provider.tenant,
      actor: { kind: "system", id: "identity-provider" },
      action: "session.revoke",
      resource: { type: "session", id },
      subject: user,
      outcome: "success",
      requestId,
      details: { provider: provider.name },
    });
  return ended;
}
