import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { assertAllowedOnDevice } from "../../identity/audited.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideRequest } from "../../policies/requests.ts";
import { caseNotFound } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { readExport, type StoredExport } from "./export-rows.ts";

/**
 * Returns an export for the person whose data it is.
 * @throws WorkflowError case_not_found, also if it is somebody else's; IdentityError forbidden, device_required
 */
export async function ownExport(
  client: Client,
  actor: Actor,
  id: CaseId,
): Promise<{ readonly found: StoredExport; readonly decision: Decision }> {
  const { tenant, user } = actor;
  const decision = decideRequest(actor, "export", { tenant, subject: user });
  assertAllowedOnDevice(decision);
  const found = await readExport(client, id);
  if (found.subject !== user) throw caseNotFound();
  return { found, decision };
}

/** Requires that the device can take the export now. @throws WorkflowError export_not_ready, case_moved */
export function assertReady({ state }: StoredExport): void {
  if (state === "ready") return;
  if (state === "planning" || state === "packing")
    throw new WorkflowError(
      "export_not_ready",
      "The server is still packing the copy. Look at its state, and try again.",
    );
  throw new WorkflowError("case_moved", "This export is over. Begin another one.");
}
