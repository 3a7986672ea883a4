import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decideAlerts } from "../../policies/alerts.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../party.ts";

/**
 * Records that an officer has seen an alert. It is not about an act of their own.
 * @throws IdentityError alert_not_found, also if it was acknowledged before; forbidden, device_required
 */
export async function acknowledgeAlert(deps: UseCase, party: Party, id: Uuid): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "alert.acknowledge", resource: { type: "alert", id } } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const { rows } = await client.query<{ by: string }>(
      'select actor as "by" from alerts where id = $1',
      [id],
    );
    const facts = { tenant, ...rows[0] };
    note(assertParty(party, (actor) => decideAlerts(actor, "acknowledge", facts)));
    const { rowCount } = await client.query(
      "update alerts set acknowledged_by = $2, acknowledged_at_ms = $3 where id = $1",
      [id, nameOf(party), deps.now()],
    );
    if (rowCount === 0)
      throw new IdentityError("alert_not_found", "No alert of that id waits to be acknowledged.");
  });
}
