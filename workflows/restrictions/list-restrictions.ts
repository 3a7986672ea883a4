import type { CaseId, ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideRestriction } from "../../policies/restrictions.ts";

/** A restriction of processing. Times are milliseconds since the Unix epoch. */
export interface Restriction {
  /** The id of its case. */
  readonly id: CaseId;
  readonly subject: UserId;
  /** The provision that demands it. */
  readonly law: string;
  /** The request that asked for it. */
  readonly request: CaseId | null;
  /** "in_force", "announced" (it is in force until `liftsAtMs`) or "lifted". */
  readonly state: string;
  readonly conversations: readonly ConversationId[];
  readonly placedAtMs: number;
  readonly liftsAtMs: number | null;
}

const LIST = `
  select r.case_id as id, r.subject, r.law, r.request, c.state, r.conversations, c.opened_at_ms as "placedAtMs",
    r.lifts_at_ms as "liftsAtMs"
  from restrictions r join cases c on c.tenant = r.tenant and c.id = r.case_id
  where ($1 or c.ended_at_ms is null) and ($2::uuid is null or r.subject = $2)
  order by c.opened_at_ms desc, r.case_id desc limit 200`;

/**
 * Returns the last 200 restrictions that the actor may see, the newest first: an officer those of the tenant, a customer
 * their own.
 * @param all also those that were lifted
 * @throws IdentityError forbidden, for roles that see none
 */
export function listRestrictions(
  deps: UseCase,
  party: Party,
  { all }: { readonly all: boolean },
): Promise<readonly Restriction[]> {
  const tenant = tenantOf(party);
  const act = { action: "restriction.list", resource: { type: "case", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideRestriction(actor, "read", { tenant, subject: actor.user }),
    );
    const isForAll =
      !("actor" in party) ||
      decideRestriction(party.actor, "read", { tenant, subject: null }).allowed;
    const { rows } = await client.query<Restriction>(LIST, [
      all,
      isForAll || !("actor" in party) ? null : party.actor.user,
    ]);
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}
