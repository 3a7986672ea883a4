import type { HoldId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideHold } from "../../policies/holds.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofHold } from "./hold-row.ts";

/** An erasure whose last hold was released. It waits for an officer. Times are milliseconds since the Unix epoch. */
export interface WaitingErasure {
  readonly erasure: Uuid;
  readonly subject: UserId;
  readonly hold: HoldId;
  /** The number of accounts and conversations that it could not erase. */
  readonly items: number;
  readonly reopenedAtMs: number;
  /** When officers are alerted that nobody has seen to it. */
  readonly dueAtMs: number;
  readonly isEscalated: boolean;
}

const WAITING = `
  select erasure, subject, min(hold::text)::uuid as hold, count(*)::integer as items,
    min(reopened_at_ms)::bigint as "reopenedAtMs", min(due_at_ms)::bigint as "dueAtMs",
    bool_or(escalated_at_ms is not null) as "isEscalated"
  from deferred_erasures where reopened_at_ms is not null and attended_at_ms is null
  group by erasure, subject order by min(due_at_ms), erasure limit $1`;
const MOST_LISTED = 200;

/**
 * Returns the erasures that wait for an officer since their holds were released, the most urgent first.
 * @throws IdentityError forbidden
 */
export function listWaitingErasures(
  deps: UseCase,
  party: Party,
): Promise<readonly WaitingErasure[]> {
  const tenant = tenantOf(party);
  const act = { action: "hold.list_reopened", resource: ofHold(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideHold(actor, "read", { tenant }));
    const { rows } = await client.query<WaitingErasure>(WAITING, [MOST_LISTED]);
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

/**
 * Records that an officer sees to a re-opened erasure. The officer has the person erased again, or decides otherwise.
 * @throws WorkflowError reopened_erasure_not_found; IdentityError forbidden, device_required
 */
export async function attendErasure(deps: UseCase, party: Party, erasure: Uuid): Promise<void> {
  const tenant = tenantOf(party);
  const act = {
    action: "hold.attend_erasure",
    resource: { type: "erasure", id: erasure },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideHold(actor, "attend", { tenant }));
    const { rows } = await client.query<{ subject: UserId }>(
      `update deferred_erasures set attended_by = $2, attended_at_ms = $3
       where erasure = $1 and reopened_at_ms is not null and attended_at_ms is null
       returning subject`,
      [erasure, nameOf(party), deps.now()],
    );
    const [first] = rows;
    if (first === undefined)
      throw new WorkflowError(
        "reopened_erasure_not_found",
        "No erasure of that id waits for an officer. A hold may still defer it.",
      );
    note({ ...decided, subject: first.subject, details: { items: rows.length } });
  });
}
