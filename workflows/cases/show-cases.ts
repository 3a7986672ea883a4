import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideCases } from "../../policies/cases.ts";
import {
  caseNotFound,
  ofCase,
  readCase,
  readSteps,
  SELECT_CASE,
  type Case,
  type CaseStep,
} from "./stored-case.ts";

/** The cases that a list shows. */
const MOST_LISTED = 200;

/**
 * Returns the last cases that the actor may see, the newest first: an officer those of the tenant, a customer their
 * own.
 * @param all also those that are over
 * @throws IdentityError forbidden, for roles that see none
 */
export function listCases(
  deps: UseCase,
  party: Party,
  { all }: { readonly all: boolean },
): Promise<readonly Case[]> {
  const tenant = tenantOf(party);
  const act = { action: "case.list", resource: { type: "case", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideCases(actor, "read", { tenant, subject: actor.user }),
    );
    const isForAll =
      !("actor" in party) || decideCases(party.actor, "read", { tenant, subject: null }).allowed;
    const { rows } = await client.query<Case>(
      `${SELECT_CASE} where ($1 or ended_at_ms is null) and ($2::uuid is null or subject = $2)
       order by opened_at_ms desc, id desc limit ${MOST_LISTED}`,
      [all, isForAll || !("actor" in party) ? null : party.actor.user],
    );
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

/**
 * Returns a case and its steps.
 * @throws WorkflowError case_not_found, also for a case that the actor may not read
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
    const facts = { tenant: tenantOf(party), subject };
    if ("actor" in party && !decideCases(party.actor, "read", facts).allowed) throw caseNotFound();
    const decided = assertParty(party, (actor) => decideCases(actor, "read", facts));
    note({ ...decided, ...(subject !== null && { subject }), details: { kind: found.kind } });
    return { ...found, steps: await readSteps(client, id) };
  });
}
