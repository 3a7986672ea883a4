import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { decideBreach, decideClosing } from "../../policies/breaches.ts";
import { assertLine } from "../assert-line.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofBreach, readBreach, readBreachState, runbookFor } from "./breach-rows.ts";
import { breachMachine } from "./machine.ts";

/**
 * Closes a breach, after a fresh proof of the second factor. Every account must be assessed, every step of the server that
 * the runbook names be done, and every notice that is due be sent or found not to be due.
 * @param asked.reason the conclusion: one line of at most 200 characters
 * @throws WorkflowError case_not_found, case_moved, invalid_breach; breach_not_finished, with what is left as reasons;
 *   IdentityError forbidden, device_required, step_up_required
 */
export async function closeBreach(
  deps: UseCase,
  party: Party,
  { id, reason }: { readonly id: CaseId; readonly reason: string },
): Promise<void> {
  const act = { action: "breach.close", resource: ofBreach(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party) };
    const decided = assertParty(party, (actor) => decideBreach(actor, "close", facts));
    if ("actor" in party) await assertFreshFactor(client, party.actor, "close", deps.now());
    assertLine("invalid_breach", "reason", reason);
    const nowMs = await readDatabaseClock(client);
    await readBreach(client, id);
    const found = await lockCase(client, id);
    const { breach, clocks } = await readBreachState(client, id, nowMs);
    const containments = runbookFor(breach)
      .filter(({ by, doneAtMs }) => by === "server" && doneAtMs === null)
      .map(({ step }) => step);
    const isAssessed = breach.assessedAtMs !== null;
    const { allowed, reasons } = decideClosing({ isAssessed, containments, clocks });
    if (!allowed)
      throw new WorkflowError(
        "breach_not_finished",
        `Something is left to do: ${reasons.join(", ")}. Take the steps, and record each notice or why it is not due.`,
        { reasons },
      );
    await moveCase(client, breachMachine, found, { to: "closed", by: nameOf(party) }, nowMs);
    await client.query("update breaches set closing_reason = $2 where case_id = $1", [id, reason]);
    note(decided);
  });
}
