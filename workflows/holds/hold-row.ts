import type { ConversationId, HoldId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { WorkflowError } from "../workflow-error.ts";

/** What a hold covers: whatever fulfils every field. Times are milliseconds since the Unix epoch. */
export interface HoldItem {
  /** An account, and the conversations that it is or was a member of. */
  readonly subject?: UserId | undefined;
  readonly conversation?: ConversationId | undefined;
  /** The conversations that are or were classified with this team. */
  readonly team?: string | undefined;
  /** What was received from this time on. */
  readonly fromMs?: number | undefined;
  /** What was received before this time. */
  readonly untilMs?: number | undefined;
}

/** A hold, as officers and its custodian see it. */
export interface Hold {
  readonly id: HoldId;
  readonly matter: string;
  readonly citation: string;
  readonly custodian: UserId;
  /** The id of an account, or "operator:" and the name of a person. */
  readonly placedBy: string;
  readonly placedAtMs: number;
  readonly reviewAtMs: number;
  readonly commitment: Uint8Array;
  /** With it, an officer proves the matter to whoever has the commitment. */
  readonly salt: Uint8Array;
  readonly releasedAtMs: number | null;
  /** The request for the release. */
  readonly release: Uuid | null;
  readonly items: readonly HoldItem[];
}

interface ItemRow {
  readonly subject: UserId | null;
  readonly conversation: ConversationId | null;
  readonly team: string | null;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

type HoldRow = Omit<Hold, "items"> & { readonly items: readonly ItemRow[] };

const SELECT = `
  select h.id, h.matter, h.citation, h.custodian, h.placed_by as "placedBy", h.placed_at_ms as "placedAtMs",
    h.review_at_ms as "reviewAtMs", h.commitment, h.salt, h.released_at_ms as "releasedAtMs", h.release,
    (select json_agg(json_build_object('subject', i.subject, 'conversation', i.conversation, 'team', i.team, 'fromMs', i.from_ms,
        'untilMs', i.until_ms) order by i.position)
     from hold_items i where i.tenant = h.tenant and i.hold = h.id) as items
  from holds h`;

/** @throws WorkflowError hold_not_found */
export async function readHold(client: Client, id: HoldId): Promise<Hold> {
  const { rows } = await client.query<HoldRow>(`${SELECT} where h.id = $1`, [id]);
  const [row] = rows;
  if (row === undefined) throw holdNotFound();
  return holdOf(row);
}

/**
 * Returns holds, the newest first.
 * @param where a condition on the row `h`, and its values
 * @param after the hold after which the page begins
 */
export async function readHolds(
  client: Client,
  where: { readonly condition: string; readonly values: readonly unknown[] },
  { after, limit }: { readonly after: HoldId | undefined; readonly limit: number },
): Promise<readonly Hold[]> {
  const values = [...where.values];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const { rows } = await client.query<HoldRow>(
    `${SELECT} where ${where.condition}${
      after === undefined
        ? ""
        : ` and (h.placed_at_ms, h.id) < (select l.placed_at_ms, l.id from holds l where l.id = ${bind(after)})`
    } order by h.placed_at_ms desc, h.id desc limit ${bind(limit)}`,
    values,
  );
  return rows.map(holdOf);
}

/** @throws WorkflowError hold_released */
export function assertInForce({ releasedAtMs }: Pick<Hold, "releasedAtMs">): void {
  if (releasedAtMs !== null)
    throw new WorkflowError("hold_released", "The hold is released. Place another one.");
}

export const holdNotFound = (): WorkflowError =>
  new WorkflowError("hold_not_found", "There is no such hold.");

/** A hold, as a resource of the audit log. */
export const ofHold = (id: HoldId | TenantId) => ({ type: "hold" as const, id });

const holdOf = (row: HoldRow): Hold => ({
  ...row,
  items: row.items.map(({ subject, conversation, team, fromMs, untilMs }) => ({
    subject: subject ?? undefined,
    conversation: conversation ?? undefined,
    team: team ?? undefined,
    fromMs: fromMs ?? undefined,
    untilMs: untilMs ?? undefined,
  })),
});
