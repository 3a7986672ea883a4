import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { decideErasable } from "../../policies/erasures.ts";
import type { Role } from "../../policies/roles.ts";
import { WorkflowError } from "../workflow-error.ts";
import { erasureMachine } from "./machine.ts";

// An administrator who is being erased cannot appoint anybody.
const OTHERS = `
  select s.role, (select count(*)::integer from users u
    where u.role = s.role and u.id <> s.id and u.disabled_at_ms is null and u.fenced_at_ms is null
      and not exists (select from cases c where c.subject = u.id and c.kind = $2 and c.ended_at_ms is null)) as count
  from users s where s.id = $1`;

/**
 * Requires that the tenant can be administered without a person.
 * @throws WorkflowError last_administrator
 */
export async function assertErasable(
  client: Client,
  tenant: TenantId,
  subject: UserId,
): Promise<void> {
  // Two administrators could otherwise be the other one of each other.
  await client.query(
    "select pg_advisory_xact_lock(hashtext('sealdesk.administrators'), hashtext($1))",
    [tenant],
  );
  const { rows } = await client.query<{ role: Role; count: number }>(OTHERS, [
    subject,
    erasureMachine.kind,
  ]);
  const [found] = rows;
  if (found === undefined) return;
  const { allowed, reasons } = decideErasable(found.role, found.count);
  if (!allowed)
    throw new WorkflowError(
      "last_administrator",
      "This is the last administrator of the organisation. Create another one first, or the organisation cannot be administered.",
      { reasons },
    );
}
