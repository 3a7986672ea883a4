import type { HoldId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideHold, type HoldFacts } from "../../policies/holds.ts";
import { assertInForce, holdNotFound, ofHold, readHold, readHolds, type Hold } from "./hold-row.ts";
import { assertReviewDate } from "./place-hold.ts";

/** The holds that a list shows. */
const MOST_LISTED = 200;

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

/**
 * Returns the last holds, the newest first: those that the actor may read.
 * @throws IdentityError forbidden, for roles that may read none
 */
export function listHolds(deps: UseCase, party: Party): Promise<readonly Hold[]> {
  const tenant = tenantOf(party);
  const act = { action: "hold.list", resource: ofHold(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    // A custodian sees their own only.
    const decided = assertParty(party, (actor) =>
      decideHold(actor, "read", { tenant, custodian: actor.user }),
    );
    const shown = (await readHolds(client, MOST_LISTED)).filter((each) => mayRead(party, each));
    note({ ...decided, details: { found: shown.length } });
    return shown;
  });
}

const factsOf = (party: Party, { custodian }: Hold): HoldFacts => ({
  tenant: tenantOf(party),
  custodian,
});

const mayRead = (party: Party, hold: Hold): boolean =>
  !("actor" in party) || decideHold(party.actor, "read", factsOf(party, hold)).allowed;
