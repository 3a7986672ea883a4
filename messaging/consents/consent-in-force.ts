import type { ConsentId, ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { ChainPoint } from "../../crypto/wire/consent-record.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import type { Client } from "../../db/pool.ts";

/** The record that decides about a purpose. */
export interface DecidingConsent extends ChainPoint {
  readonly id: ConsentId;
  /** Whether it gives consent, has not expired by the database's clock, and the person is not being erased. */
  readonly inForce: boolean;
}

const DECIDING = `
  select id, number, digest,
    state = 'given' and coalesce(expires_at_ms > sealdesk.database_now_ms(), true)
      and not exists (select from users where id = $1 and fenced_at_ms is not null) as "inForce"
  from consents
  where user_id = $1 and purpose = $2 and (conversation is null or conversation = $3)
  order by number desc limit 1`;

/**
 * Returns the last record of a user that covers the purpose in the conversation, or everywhere. A withdrawal is in
 * force on all nodes when it is committed, because every node asks the database. It is a fact for policies: read it in
 * the transaction of the act.
 * @param client in a transaction that is fenced to the tenant
 * @param conversation undefined asks about the whole account
 * @returns undefined if the user has said nothing about it
 */
export async function decidingConsent(
  client: Client,
  user: UserId,
  purpose: Purpose,
  conversation?: ConversationId,
): Promise<DecidingConsent | undefined> {
  const { rows } = await client.query<DecidingConsent>(DECIDING, [
    user,
    purpose,
    conversation ?? null,
  ]);
  return rows[0];
}

/** Returns whether the tenant demands a consent for a purpose. */
export async function isConsentRequired(client: Client, purpose: Purpose): Promise<boolean> {
  const { rows } = await client.query<{ required: boolean }>(
    `select $1 = any(required_consents) as required from tenants where id = sealdesk.current_tenant()`,
    [purpose],
  );
  // Without a row, nothing is known.
  return rows[0]?.required !== false;
}

/**
 * Returns whether a program that keeps records may be added to a conversation: the customer's consent to archiving is in
 * force, or the tenant demands none, because it has another basis.
 * @param conversation undefined before it begins: then the consent for the whole account counts
 */
export async function mayArchiveIn(
  client: Client,
  customer: UserId,
  conversation?: ConversationId,
): Promise<boolean> {
  if (!(await isConsentRequired(client, "archiving"))) return true;
  return (await decidingConsent(client, customer, "archiving", conversation))?.inForce === true;
}
