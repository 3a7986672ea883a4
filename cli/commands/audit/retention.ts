import { appendToLog } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withLog } from "./open-log.ts";

/**
 * Records in a tenant's log for how long it keeps its entries. A longer retention counts at once, a
 * shorter one 30 days after this.
 */
export async function retentionCommand(
  settings: Settings,
  options: { readonly tenant: string; readonly days: string },
): Promise<string> {
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new CommandError("--days takes a number of days from 1 to 36500.");
  return withLog(settings, { tenant: options.tenant }, async ({ log, origin }, { pool }) => {
    await inTransaction(pool, log, (client) =>
      appendToLog(client, log, {
        occurredAtMs: Date.now(),
        actor: settings.operator,
        action: "audit.set_retention",
        resource: { type: "audit-log", id: origin },
        outcome: "success",
        details: { days },
      }),
    );
    return `${origin} keeps its entries for ${days} days. If that is shorter than before, it counts in 30 days.`;
  });
}
