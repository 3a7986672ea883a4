import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { decideErasure } from "../../policies/erasures.ts";
import { assertReceipt } from "../assert-receipt.ts";
import { ofCase } from "../cases/stored-case.ts";
import { startErasure, type NewErasure } from "./start-erasure.ts";

/**
 * Begins the erasure of a person, after a fresh proof of the second factor. The server fences the account at once, and
 * destroys when the window is over. You may repeat it with the same id.
 * @param asked.id the id of the case, which the caller makes
 * @returns the id of the case
 * @throws WorkflowError subject_not_found, invalid_receipt, last_administrator; erasure_running, if another one of the person
 *   is not over; IdentityError forbidden, device_required, step_up_required
 */
export function beginErasure(
  deps: UseCase,
  party: Party,
  asked: NewErasure & { readonly id: CaseId },
): Promise<CaseId> {
  const { id, subject, law, windowMs, receivedAtMs } = asked;
  const tenant = tenantOf(party);
  const act = {
    action: "erasure.begin",
    resource: ofCase(id),
    subject,
    details: { law, windowMs },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideErasure(actor, "begin", { tenant, subject }),
    );
    if ("actor" in party) await assertFreshFactor(client, party.actor, "begin", deps.now());
    note(decided);
    if (await wasBegun(client, asked)) return id;
    const nowMs = await readDatabaseClock(client);
    if (receivedAtMs !== undefined) assertReceipt(receivedAtMs, nowMs);
    return startErasure(client, tenant, asked, nowMs);
  });
}

async function wasBegun(
  client: Client,
  { id, subject }: NewErasure & { readonly id: CaseId },
): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from erasures where case_id = $1 and subject = $2",
    [id, subject],
  );
  return rowCount === 1;
}
