import type { LogSigner } from "../../audit/logs.ts";
import { signatureWith } from "../../audit/sign-note.ts";
import { formatNote } from "../../audit/verify/note.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import { STATEMENT_MS, statementText } from "../../crypto/wire/consent-statement.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { assertAllowed, type UseCase } from "../../identity/audited.ts";
import { readKeyLogInfo } from "../../identity/transparency/key-log.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { conversationFacts } from "../members/facts.ts";
import { decidingConsent } from "./consent-in-force.ts";
import { lastOfChain } from "./open-record.ts";
import { readConsent, type StoredConsent } from "./read-consents.ts";

export interface StatedConsent {
  /** A signed note (C2SP signed-note) under the key of the tenant's key log. */
  readonly statement: string;
  /** The record that decides; undefined if the customer has said nothing about the purpose. */
  readonly decidedBy: StoredConsent | undefined;
}

const NOW = `select sealdesk.database_now_ms() as "nowMs"`;

/**
 * States to a member of a conversation whether its customer consents to a purpose there now. The statement counts for
 * less than a minute, so a device that has none that is fresh does without the consent.
 * @param asked.nonce 32 bytes of the device that asks
 * @throws MessagingError conversation_not_found; IdentityError forbidden, key_log_behind
 */
export function stateConsent(
  { pool, signer }: Pick<UseCase, "pool"> & { readonly signer: LogSigner },
  actor: Actor,
  asked: {
    readonly conversation: ConversationId;
    readonly purpose: Purpose;
    readonly nonce: Uint8Array;
  },
): Promise<StatedConsent> {
  const { tenant } = actor;
  const { conversation, purpose } = asked;
  return inTransaction(pool, tenant, async (client) => {
    const facts = await conversationFacts(client, conversation);
    assertAllowed(decideConversation(actor, "read", facts));
    const user = facts.createdBy;
    // Before the records are read: a withdrawal that comes meanwhile is younger than the statement.
    const { rows } = await client.query<{ nowMs: number }>(NOW);
    const atMs = rows[0]?.nowMs ?? 0;
    const chain = await lastOfChain(client, user);
    const deciding = await decidingConsent(client, user, purpose, conversation);
    const { origin } = await readKeyLogInfo(client, tenant);
    const text = statementText({
      version: 1,
      tenant,
      user,
      ...asked,
      chain,
      decidedBy: deciding && { number: deciding.number, digest: deciding.digest },
      inForce: deciding?.inForce === true,
      atMs,
      untilMs: atMs + STATEMENT_MS,
    });
    return {
      statement: formatNote(text, [await signatureWith(signer, origin, text)]),
      decidedBy: deciding && (await readConsent(client, user, deciding.number)),
    };
  });
}
