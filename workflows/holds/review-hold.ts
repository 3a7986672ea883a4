import type { HoldId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideHold, type HoldFacts } from "../../policies/holds.ts";
import { assertInForce, holdNotFound, ofHold, readHold, readHolds, type Hold } from "./hold-row.ts";
import { allowedRows } from "../../policies/lists/allowed-rows.ts";
import { assertReviewDate } from "./place-hold.ts";

/** The holds of a page. */
const PAGE = 100;

/**
 * Records that an officer has looked at a hold, and when somebody must do so again.
 * @throws WorkflowError hold_not_found, hold_released, invalid_hold; IdentityError forbidden, device_required
 */
export async function reviewHold(
  deps: UseCase,
  party: Party,
  { id, reviewAtMs }: { readonly id: HoldId; readonly reviewAtMs: number },
): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "hold.review", resource: ofHold(id), details: { reviewAtMs } } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideHold(actor, "review", { tenant })));
    assertReviewDate(reviewAtMs, deps.now());
    assertInForce(await readHold(client, id));
    await client.query("update holds set review_at_ms = $2 where id = $1", [id, reviewAtMs]);
  });
}

/**
 * Returns one hold with its matter and its salt.
 * @throws WorkflowError hold_not_found, also for a hold that the actor may not read
 */
export function showHold(deps: UseCase, party: Party, id: HoldId): Promise<Hold> {
  const act = { action: "hold.read", resource: ofHold(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const hold = await readHold(client, id);
    if (!mayRead(party, hold)) throw holdNotFound();
    note(assertParty(party, (actor) => decideHold(actor, "read", factsOf(party, hold))));
    return hold;
  });
}

/** A page of holds, the newest first. */
export interface HoldPage {
  readonly holds: readonly Hold[];
  /** The last hold of the page; null if no other hold follows. */
  readonly next: HoldId | null;
}

const listed = {
  resource: "holds",
  action: "read",
  tenant: "h.tenant",
  facts: { custodian: { sql: "h.custodian", type: "uuid" } },
} as const;

/**
 * Returns a page of the holds that the actor may read, the newest first. A custodian sees their own only.
 * @param after the last hold of the page before
 * @throws IdentityError forbidden, for roles that may read none
 */
export function listHolds(deps: UseCase, party: Party, after?: HoldId): Promise<HoldPage> {
  const tenant = tenantOf(party);
  const act = { action: "hold.list", resource: ofHold(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideHold(actor, "read", { tenant, custodian: actor.user }),
    );
    const values: unknown[] = [];
    const condition = "actor" in party ? allowedRows(party.actor, listed, values) : "true";
    const page = { after, limit: PAGE + 1 };
    const found = await readHolds(client, { condition, values }, page);
    const holds = found.slice(0, PAGE);
    note({ ...decided, details: { found: holds.length } });
    return { holds, next: found.length > PAGE ? (holds.at(-1)?.id ?? null) : null };
  });
}

const factsOf = (party: Party, { custodian }: Hold): HoldFacts => ({
  tenant: tenantOf(party),
  custodian,
});

const mayRead = (party: Party, hold: Hold): boolean =>
  !("actor" in party) || decideHold(party.actor, "read", factsOf(party, hold)).allowed;
