import type { Client } from "../../../db/pool.ts";
import { decideAlerts } from "../../../policies/alerts.ts";
import type { Decision } from "../../../policies/decision.ts";
import { assertParty, tenantOf, type Party } from "../../party.ts";
import { assertFreshFactor } from "../../second-factor/fresh-factor.ts";

/**
 * Requires that the party may set the tenant's webhook: an officer or an administrator with a fresh second factor, or
 * the operator.
 * @returns the decision, for the entry
 * @throws IdentityError forbidden, device_required, step_up_required
 */
export async function assertMaySetWebhook(
  client: Client,
  party: Party,
  nowMs: number,
): Promise<{ readonly decision?: Decision }> {
  const tenant = tenantOf(party);
  const decided = assertParty(party, (actor) => decideAlerts(actor, "set_webhook", { tenant }));
  if ("actor" in party) await assertFreshFactor(client, party.actor, "set_webhook", nowMs);
  return decided;
}
