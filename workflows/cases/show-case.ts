import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideCases } from "../../policies/cases.ts";
import { ofCase, readCase, readSteps, type Case, type CaseStep } from "./stored-case.ts";

/**
 * Returns a case and its steps.
 * @throws WorkflowError case_not_found; IdentityError forbidden
 */
export function showCase(
  deps: UseCase,
  party: Party,
  id: CaseId,
): Promise<Case & { readonly steps: readonly CaseStep[] }> {
  const act = { action: "case.read", resource: ofCase(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const found = await readCase(client, id);
    const { subject } = found;
    const decided = assertParty(party, (actor) =>
      decideCases(actor, "read", { tenant: tenantOf(party), subject }),
    );
    note({ ...decided, ...(subject !== null && { subject }), details: { kind: found.kind } });
    return { ...found, steps: await readSteps(client, id) };
  });
}
