import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideCases } from "../../policies/cases.ts";
import { WorkflowError } from "../workflow-error.ts";
import { lockCase, ofCase } from "./stored-case.ts";

/**
 * Has the step that failed tried again at once. The case goes on from where it stopped: steps that are done stay done.
 * @throws WorkflowError case_not_found, case_not_pending; IdentityError forbidden, device_required
 */
export async function repeatStep(deps: UseCase, party: Party, id: CaseId): Promise<void> {
  const act = { action: "case.repeat", resource: ofCase(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (of: UserId | null) =>
      assertParty(party, (actor) =>
        decideCases(actor, "repeat", { tenant: tenantOf(party), subject: of }),
      );
    // Whoever may repeat none does not learn which exist.
    assertMay(null);
    const { kind, subject, state, step, pending } = await lockCase(client, id);
    const decided = assertMay(subject);
    if (pending === null)
      throw new WorkflowError(
        "case_not_pending",
        "No step of this case failed. Look at the case: it goes on by itself, waits for a person, or is over.",
      );
    await client.query(
      "update cases set wake_at_ms = sealdesk.database_now_ms() where id = $1 and wake_at_ms is not null",
      [id],
    );
    note({
      ...decided,
      ...(subject !== null && { subject }),
      details: { kind, step, state, reason: pending },
    });
  });
}
