import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { ofConversation } from "../../messaging/conversation-act.ts";
import { conversationFacts } from "../../messaging/members/facts.ts";
import { decideRetention, type Labels } from "../../policies/retention.ts";
import { labelsOf } from "./stored-schedule.ts";

/**
 * Says what the records of a conversation are that are received from now on, by the clock of the database. Earlier
 * records keep their labels.
 * @throws MessagingError conversation_not_found; IdentityError forbidden, device_required
 */
export async function classify(
  deps: UseCase,
  party: Party,
  { conversation, ...given }: Labels & { readonly conversation: ConversationId },
): Promise<void> {
  const tenant = tenantOf(party);
  const labels = labelsOf(given);
  const resource = ofConversation(conversation);
  const act = { action: "retention.classify", resource, details: labels } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideRetention(actor, "classify", { tenant }));
    const { createdBy: subject } = await conversationFacts(client, conversation);
    const { rows } = await client.query<{ fromMs: number }>(
      `insert into classifications (tenant, conversation, from_ms, data_class, team, region, classified_by)
       select $1, $2, greatest(sealdesk.database_now_ms(), max(from_ms) + 1), $3, $4, $5, $6
       from classifications where conversation = $2
       returning from_ms as "fromMs"`,
      [
        tenant,
        conversation,
        labels.dataClass ?? null,
        labels.team ?? null,
        labels.region ?? null,
        nameOf(party),
      ],
    );
    note({ ...decided, subject, details: { ...labels, fromMs: rows[0]?.fromMs } });
  });
}
