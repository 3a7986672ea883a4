import type { HoldId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideHold } from "../../policies/holds.ts";
import { allowedRows } from "../../policies/lists/allowed-rows.ts";
import { assertNoneInterrupted, settleInterrupted } from "../ledger/interrupted.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { WorkflowError } from "../workflow-error.ts";
import { assertInForce, ofHold, readHold } from "./hold-row.ts";
import { lockHolds } from "./lock-holds.ts";

/** Whether a new account is that of the erased person. */
export type MatchAnswer = "linked" | "not_linked";

/** A new account that may be that of an erased person whose data a hold keeps. */
export interface PotentialMatch {
  readonly id: Uuid;
  readonly hold: HoldId;
  readonly custodian: UserId;
  /** The account that was erased. */
  readonly former: UserId;
  /** The new account. */
  readonly account: UserId;
  /** Milliseconds since the Unix epoch. */
  readonly askedAtMs: number;
}

const SELECT = `
  select m.id, m.hold, h.custodian, m.former, m.account, m.asked_at_ms as "askedAtMs"
  from potential_matches m join holds h on h.tenant = m.tenant and h.id = m.hold
  where m.answered_at_ms is null`;

const listed = {
  resource: "holds",
  action: "read",
  tenant: "h.tenant",
  facts: { custodian: { sql: "h.custodian", type: "uuid" } },
} as const;

/**
 * Returns the last 200 questions that wait for an answer and that the actor may read, the newest first. A custodian sees
 * those of their own holds.
 * @throws IdentityError forbidden, for roles that may read none
 */
export function listPotentialMatches(
  deps: UseCase,
  party: Party,
): Promise<readonly PotentialMatch[]> {
  const tenant = tenantOf(party);
  const act = { action: "hold.list_matches", resource: ofHold(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideHold(actor, "read", { tenant, custodian: actor.user }),
    );
    const values: unknown[] = [];
    const allowed = "actor" in party ? allowedRows(party.actor, listed, values) : "true";
    const { rows } = await client.query<PotentialMatch>(
      `${SELECT} and h.released_at_ms is null and ${allowed} order by m.asked_at_ms desc, m.id desc limit 200`,
      values,
    );
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

/**
 * Answers whether a new account is that of the erased person. "linked": the hold covers the new account from now on.
 * Nothing else of the two is linked: their conversations and keys stay apart.
 * @throws WorkflowError match_not_found, also if it was answered or is not for the actor; hold_released,
 *   erasure_interrupted; IdentityError forbidden, device_required
 */
export async function answerMatch(
  deps: UseCase & { readonly withLedger: WithLedger },
  party: Party,
  { id, answer }: { readonly id: Uuid; readonly answer: MatchAnswer },
): Promise<void> {
  const tenant = tenantOf(party);
  const act = { action: "hold.answer_match", resource: { type: "potential-match", id } } as const;
  const own = { tenant, ...("actor" in party && { custodian: party.actor.user }) };
  const mayAnswer = !("actor" in party) || decideHold(party.actor, "answer", own).allowed;
  if (mayAnswer && answer === "linked") await settleInterrupted(deps, tenant);
  await auditedBy(deps, party, act, async (client, note) => {
    // Whoever may answer none does not learn which exist.
    assertParty(party, (actor) => decideHold(actor, "answer", own));
    await lockHolds(client, tenant, "to_change");
    const { hold, custodian, account } = await readOpen(client, id);
    if ("actor" in party && !decideHold(party.actor, "answer", { tenant, custodian }).allowed)
      throw matchNotFound();
    const decided = assertParty(party, (actor) =>
      decideHold(actor, "answer", { tenant, custodian }),
    );
    assertInForce(await readHold(client, hold));
    await client.query(
      "update potential_matches set answer = $2, answered_by = $3, answered_at_ms = $4 where id = $1",
      [id, answer, nameOf(party), deps.now()],
    );
    if (answer === "linked") {
      await assertNoneInterrupted(client, tenant, deps.withLedger);
      await client.query(COVER, [hold, account]);
    }
    note({ ...decided, subject: account, details: { hold, answer } });
  });
}

const COVER = `
  insert into hold_items (tenant, hold, position, subject)
  select sealdesk.current_tenant(), $1, 1 + max(position), $2 from hold_items where hold = $1`;

/** Returns the question, unless it was answered, and locks it. @throws WorkflowError match_not_found */
async function readOpen(client: Client, id: Uuid): Promise<PotentialMatch> {
  const { rows } = await client.query<PotentialMatch>(`${SELECT} and m.id = $1 for update of m`, [
    id,
  ]);
  if (rows[0] === undefined) throw matchNotFound();
  return rows[0];
}

const matchNotFound = (): WorkflowError =>
  new WorkflowError(
    "match_not_found",
    "No question of that id waits for your answer. The list shows those that do.",
  );
