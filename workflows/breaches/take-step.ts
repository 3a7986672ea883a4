import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import type { Party } from "../../identity/party.ts";
import type { DutyId } from "../../policies/breach/duties.ts";
import type { Taken } from "../../policies/breach/exposure.ts";
import type { Containment } from "../../policies/breach/runbook.ts";
import { containBreach } from "./contain-breach.ts";
import { recordClassification, recordNotice, recordTaken, waiveNotice } from "./record-facts.ts";

/** What is done next about a breach. Times are milliseconds since the Unix epoch. */
export type BreachStep =
  | { readonly step: Containment }
  | { readonly step: "record_taken"; readonly taken: readonly Taken[] }
  | { readonly step: "record_classification"; readonly atMs: number }
  | { readonly step: "record_notice"; readonly duty: DutyId; readonly atMs: number }
  | { readonly step: "waive_notice"; readonly duty: DutyId; readonly ground: string };

/**
 * Takes the next step about a breach.
 * @throws WorkflowError and IdentityError, as the function of the step does
 */
export function takeBreachStep(
  deps: UseCase,
  party: Party,
  id: CaseId,
  asked: BreachStep,
): Promise<void> {
  switch (asked.step) {
    case "revoke_sessions":
    case "rotate_keys":
      return containBreach(deps, party, { id, step: asked.step });
    case "record_taken":
      return recordTaken(deps, party, { id, taken: asked.taken });
    case "record_classification":
      return recordClassification(deps, party, { id, atMs: asked.atMs });
    case "record_notice":
      return recordNotice(deps, party, { id, duty: asked.duty, atMs: asked.atMs });
    case "waive_notice":
      return waiveNotice(deps, party, { id, duty: asked.duty, ground: asked.ground });
  }
}
