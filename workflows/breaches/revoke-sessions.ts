import { appendEntry } from "../../audit/append-entry.ts";
import {
  disconnectEnded,
  endSessions,
  sessionsEndedAt,
} from "../../identity/tokens/end-sessions.ts";
import type { Step } from "../cases/case-kind.ts";
import type { BreachDeps } from "./breach-deps.ts";
import { ofBreach, readBreach, readBreachState, SERVER } from "./breach-rows.ts";
import { wakeFor } from "./remind.ts";

/** Ends every session of the tenant, that of the officer too. */
export const revokeSessions: Step = async ({ client, tenant, found, nowMs }) => {
  const { id } = found;
  const ended = await endSessions(client, "true", [nowMs]);
  await client.query(
    `update breaches set sessions_revoked_at_ms = $2, sessions_revoked = sessions_revoked + $3 where case_id = $1`,
    [id, nowMs, ended.length],
  );
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: SERVER,
    action: "breach.revoke_sessions",
    resource: ofBreach(id),
    outcome: "success",
    details: { sessions: ended.length },
  });
  return { to: "closing_sockets" };
};

/** Closes the connections of the ended sessions on all nodes. It is a step of its own, because it follows the commit. */
export const closeSockets =
  ({ disconnect }: BreachDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { sessionsRevokedAtMs } = await readBreach(client, found.id);
    if (sessionsRevokedAtMs !== null)
      disconnectEnded(disconnect, tenant, await sessionsEndedAt(client, sessionsRevokedAtMs));
    const { clocks } = await readBreachState(client, found.id, nowMs);
    return { to: "open", ...wakeFor(clocks, nowMs) };
  };
