import type { CaseId, ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { restrictionMachine } from "../../policies/restriction-machine.ts";
import { openCase } from "../cases/open-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { restrictConversations } from "./restrict-conversations.ts";

/** A restriction that is to begin. */
export interface NewRestriction {
  readonly subject: UserId;
  /** The provision that demands it: one line of at most 200 characters. */
  readonly law: string;
  /** Conversations that the person began; all of them by default. */
  readonly conversations?: readonly ConversationId[] | undefined;
}

/**
 * Begins a restriction in the caller's transaction, which also writes the audit entry. It covers the conversations that
 * exist now: what the person begins afterwards is another matter.
 * @param by as `nameOf` returns it
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 * @returns the conversations that it covers
 * @throws WorkflowError subject_not_found; nothing_to_restrict, if the person did not begin one of the conversations
 */
export async function startRestriction(
  client: Client,
  tenant: TenantId,
  asked: NewRestriction & {
    readonly id: CaseId;
    readonly request?: CaseId | undefined;
    readonly by: string;
  },
  nowMs: number,
): Promise<readonly ConversationId[]> {
  const { id, subject, law, request, by } = asked;
  const conversations = await conversationsOf(client, asked);
  await openCase(client, restrictionMachine, { id, subject }, nowMs);
  await client.query(
    `insert into restrictions (tenant, case_id, subject, law, request, placed_by, conversations)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenant, id, subject, law, request ?? null, by, conversations],
  );
  await restrictConversations(client, tenant, { by: id, conversations }, nowMs);
  return conversations;
}

/** @throws WorkflowError subject_not_found, nothing_to_restrict */
async function conversationsOf(
  client: Client,
  { subject, conversations }: NewRestriction,
): Promise<readonly ConversationId[]> {
  const { rowCount } = await client.query("select from users where id = $1", [subject]);
  if (rowCount === 0)
    throw new WorkflowError("subject_not_found", "The tenant has no such account. Check the id.");
  const { rows } = await client.query<{ id: ConversationId }>(
    "select id from conversations where created_by = $1 and ($2::uuid[] is null or id = any($2)) order by id",
    [subject, conversations ?? null],
  );
  if (rows.length < new Set(conversations).size)
    throw new WorkflowError(
      "nothing_to_restrict",
      "A restriction covers conversations that the person began. The person began no such conversation.",
    );
  return rows.map(({ id }) => id);
}
