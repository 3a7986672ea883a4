import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import type { Containment } from "../../policies/breach/runbook.ts";
import { decideBreach } from "../../policies/breaches.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { ofBreach, readBreach } from "./breach-rows.ts";
import { breachMachine } from "./machine.ts";

/** The state in which the server takes each step. */
const stateOf: Readonly<Record<Containment, string>> = {
  revoke_sessions: "revoking_sessions",
  rotate_keys: "preparing_rotation",
};

/**
 * Has the server take a step that contains a breach, after a fresh proof of the second factor. The step survives every
 * crash. It can be taken again.
 * @throws WorkflowError case_not_found; case_moved, while another step is taken or if the case is closed; IdentityError
 *   forbidden, device_required, step_up_required
 */
export async function containBreach(
  deps: UseCase,
  party: Party,
  { id, step }: { readonly id: CaseId; readonly step: Containment },
): Promise<void> {
  const act = { action: "breach.begin_step", resource: ofBreach(id), details: { step } } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party) };
    note(assertParty(party, (actor) => decideBreach(actor, "contain", facts)));
    if ("actor" in party) await assertFreshFactor(client, party.actor, "contain", deps.now());
    await readBreach(client, id);
    const found = await lockCase(client, id);
    const nowMs = await readDatabaseClock(client);
    await moveCase(client, breachMachine, found, { to: stateOf[step], by: nameOf(party) }, nowMs);
  });
}
