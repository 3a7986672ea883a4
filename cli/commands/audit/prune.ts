import { appendEntry } from "../../../audit/append-entry.ts";
import { pruneLog } from "../../../audit/prune.ts";
import { asOwner } from "../../../keys/accounts/as-owner.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "./export.ts";
import { withLog } from "./open-log.ts";

const DAY_MS = 86_400_000;

/** Removes old entries of a tenant's log as far as the policy permits, and logs the removal. */
export async function pruneCommand(
  settings: Settings,
  options: { readonly tenant: string; readonly before: string },
): Promise<string> {
  const beforeMs = timeOf(options.before) ?? 0;
  const retainMs = settings.auditRetainDays * DAY_MS;
  if (!(retainMs >= DAY_MS)) throw new CommandError("AUDIT_RETAIN_DAYS must be a number of days.");
  return withLog(settings, { tenant: options.tenant }, async ({ log, origin }, { ownerUrl }) => {
    const now = Date.now();
    let minimum = 0;
    // One transaction: either the removal is in the log, or nothing is removed.
    await asOwner(ownerUrl, log, async (client) => {
      minimum = await pruneLog(client, { log, beforeMs, retainMs, now });
      await appendEntry(client, {
        occurredAtMs: now,
        tenant: log,
        actor: { kind: "system", id: "operator" },
        action: "audit.prune",
        class: "D",
        resource: { type: "audit-log", id: origin },
        outcome: "success",
        details: { beforeMs, retainMs, minimumIndex: minimum },
      });
    });
    return `Entries of ${origin} below ${minimum} are pruned; their hashes stay.`;
  });
}
