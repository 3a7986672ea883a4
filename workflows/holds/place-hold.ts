import { toHex } from "../../crypto/wire/bytes.ts";
import type { HoldId, NewId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideHold, mayBeCustodian } from "../../policies/holds.ts";
import type { Role } from "../../policies/roles.ts";
import { commitToHold, newSalt } from "./commitment.ts";
import { assertLine } from "../assert-line.ts";
import { assertNoneInterrupted, settleInterrupted } from "../ledger/interrupted.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofHold, type HoldItem } from "./hold-row.ts";
import { lockHolds } from "./lock-holds.ts";

/** The most things that one hold covers. */
const MOST_HOLD_ITEMS = 100;

/** The longest time until a review, in milliseconds. */
const MOST_UNTIL_REVIEW_MS = 366 * 86_400_000;

/** A hold that is to be placed. */
export interface NewHold {
  /** How the organisation names the matter: one line of at most 200 characters, without names of people. */
  readonly matter: string;
  /** The law or the order that demands it: one line of at most 200 characters. */
  readonly citation: string;
  /** A member of staff who keeps what is held. */
  readonly custodian: UserId;
  /** When an officer must look at it again, at most 366 days from now: milliseconds since the Unix epoch. */
  readonly reviewAtMs: number;
  readonly items: readonly HoldItem[];
}

/** A hold that was placed. */
export interface PlacedHold {
  readonly id: HoldId;
  readonly commitment: Uint8Array;
  /** The number of conversations that it covers now. It covers those to come, too. */
  readonly conversations: number;
}

export interface PlaceHoldDeps extends UseCase {
  readonly newId: NewId;
  readonly withLedger: WithLedger;
}

/**
 * Places a hold. It is in force at once, for what is stored already and for what comes. Whatever destroys data at this
 * moment ends first, and an erasure that was interrupted after it was written to the ledger is carried out first.
 * Nothing that the hold covers is destroyed after it. Officers are alerted.
 * @throws WorkflowError invalid_hold, erasure_interrupted; IdentityError forbidden, device_required
 */
export async function placeHold(
  deps: PlaceHoldDeps,
  party: Party,
  asked: NewHold,
): Promise<PlacedHold> {
  const { matter, citation, custodian, reviewAtMs, items } = asked;
  const id = deps.newId<HoldId>();
  const tenant = tenantOf(party);
  const act = { action: "hold.place", resource: ofHold(id) } as const;
  const mayPlace = !("actor" in party) || decideHold(party.actor, "place", { tenant }).allowed;
  if (mayPlace) await settleInterrupted(deps, tenant);
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideHold(actor, "place", { tenant }));
    const placedAtMs = deps.now();
    assertLine("invalid_hold", "matter", matter);
    assertLine("invalid_hold", "citation", citation);
    assertReviewDate(reviewAtMs, placedAtMs);
    assertItems(items);
    await assertCustodian(client, custodian);
    const salt = newSalt();
    const commitment = commitToHold({ id, matter, citation, placedAtMs }, salt);
    await lockHolds(client, tenant, "to_change");
    await assertNoneInterrupted(client, tenant, deps.withLedger);
    await client.query(
      `insert into holds (tenant, id, matter, citation, custodian, placed_by, placed_at_ms, review_at_ms, salt, commitment)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tenant,
        id,
        matter,
        citation,
        custodian,
        nameOf(party),
        placedAtMs,
        reviewAtMs,
        salt,
        commitment,
      ],
    );
    await insertItems(client, id, items);
    const conversations = await countConversations(client, id);
    note({
      ...decided,
      details: { commitment: toHex(commitment), custodian, reviewAtMs, items: listed(items) },
    });
    return { id, commitment, conversations };
  });
}

/** @throws WorkflowError invalid_hold */
export function assertReviewDate(reviewAtMs: number, nowMs: number): void {
  if (reviewAtMs <= nowMs || reviewAtMs > nowMs + MOST_UNTIL_REVIEW_MS)
    throw new WorkflowError("invalid_hold", "Name a date for the review within the next 366 days.");
}

function assertItems(items: readonly HoldItem[]): void {
  if (items.length === 0 || items.length > MOST_HOLD_ITEMS)
    throw new WorkflowError("invalid_hold", `Name 1 to ${MOST_HOLD_ITEMS} things that it covers.`);
  for (const { subject, conversation, team, fromMs, untilMs } of items) {
    if ([subject, conversation, team, fromMs, untilMs].every((each) => each === undefined))
      throw new WorkflowError("invalid_hold", "Name a subject, a conversation, a team or a time.");
    if (fromMs !== undefined && untilMs !== undefined && untilMs <= fromMs)
      throw new WorkflowError("invalid_hold", "A range of time ends after it begins.");
  }
}

async function assertCustodian(client: Client, custodian: UserId): Promise<void> {
  const { rows } = await client.query<{ role: Role }>(
    "select role from users where id = $1 and disabled_at_ms is null",
    [custodian],
  );
  const [account] = rows;
  if (account === undefined || !mayBeCustodian(account.role))
    throw new WorkflowError(
      "invalid_hold",
      "The custodian is a person of the staff whose account is not closed.",
    );
}

// What does not exist in the tenant is left out by the join, so that no error names it.
const INSERT = `
  insert into hold_items (tenant, hold, position, subject, conversation, team, from_ms, until_ms)
  select sealdesk.current_tenant(), $1, i.position, i.subject, i.conversation, i.team, i.from_ms, i.until_ms
  from unnest($2::int2[], $3::uuid[], $4::uuid[], $5::text[], $6::int8[], $7::int8[])
    as i (position, subject, conversation, team, from_ms, until_ms)
  where (i.subject is null or exists (select from users u where u.id = i.subject))
    and (i.conversation is null or exists (select from conversations c where c.id = i.conversation))`;

async function insertItems(client: Client, id: HoldId, items: readonly HoldItem[]): Promise<void> {
  const { rowCount } = await client.query(INSERT, [
    id,
    items.map((_, position) => position),
    items.map(({ subject }) => subject ?? null),
    items.map(({ conversation }) => conversation ?? null),
    items.map(({ team }) => team ?? null),
    items.map(({ fromMs }) => fromMs ?? null),
    items.map(({ untilMs }) => untilMs ?? null),
  ]);
  if (rowCount !== items.length)
    throw new WorkflowError(
      "invalid_hold",
      "A subject or a conversation that you named does not exist.",
    );
}

async function countConversations(client: Client, id: HoldId): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from conversations c
     where $1 in (select sealdesk.holds_on(c.created_by, c.id, c.created_at_ms, $2::int8))`,
    [id, Number.MAX_SAFE_INTEGER],
  );
  return rows[0]?.count ?? 0;
}

/** The items for the audit log, without the fields that they do not have. */
const listed = (items: readonly HoldItem[]) =>
  items.map(({ subject, conversation, team, fromMs, untilMs }) => ({
    ...(subject !== undefined && { subject }),
    ...(conversation !== undefined && { conversation }),
    ...(team !== undefined && { team }),
    ...(fromMs !== undefined && { fromMs }),
    ...(untilMs !== undefined && { untilMs }),
  }));
