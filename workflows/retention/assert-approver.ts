import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { decideRetention } from "../../policies/retention.ts";
import type { Client } from "../../db/pool.ts";
import type { Decision } from "../../policies/decision.ts";
import { lockRetention } from "./stored-schedule.ts";

/**
 * Requires that a party may approve what somebody else asked for, and locks the retention of the tenant.
 * @param requester as `nameOf` returns it
 * @param nowMs milliseconds since the Unix epoch
 * @returns the decision, for the entry
 * @throws IdentityError own_approval, forbidden, device_required, step_up_required
 */
export async function assertApprover(
  client: Client,
  party: Party,
  requester: string,
  nowMs: number,
): Promise<{ readonly decision?: Decision }> {
  if (requester === nameOf(party))
    throw new IdentityError("own_approval", "Another person must approve what you asked for.");
  const tenant = tenantOf(party);
  const decided = assertParty(party, (actor) =>
    decideRetention(actor, "approve", { tenant, requester }),
  );
  if ("actor" in party) await assertFreshFactor(client, party.actor, "approve", nowMs);
  await lockRetention(client, tenant);
  return decided;
}
