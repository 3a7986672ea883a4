import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { withinKeystore } from "../../keys/at-rest/destroy.ts";
import { livingScopes } from "../../keys/at-rest/list-scopes.ts";
import { heldAmong } from "../holds/held-among.ts";
import { WorkflowError } from "../workflow-error.ts";
import { judgeScopes, keepingOf, type Keeping } from "./held-scopes.ts";
import { countMessages } from "./record-erased.ts";

/** What an erasure would do to a period of a conversation: everybody's messages in it. */
export interface PlannedScope {
  readonly conversation: ConversationId;
  readonly period: number;
  readonly messages: number;
  readonly keys: number;
  /** What keeps it. */
  readonly keeping: Keeping | undefined;
}

export interface ErasurePlan {
  readonly scopes: readonly PlannedScope[];
  /** What keeps the account. */
  readonly account: Keeping | undefined;
}

/**
 * Returns what an erasure would destroy and keep now. It changes nothing.
 * @param deps.keystore the pool of the keystore if it has its own database
 * @throws WorkflowError subject_not_found
 */
export function planErasure(
  deps: UseCase & { readonly keystore: Pool | undefined },
  party: Extract<Party, { readonly operator: unknown }>,
  asked: { readonly subject: UserId; readonly law: string },
): Promise<ErasurePlan> {
  const { subject, law } = asked;
  const tenant = tenantOf(party);
  const act = { action: "erasure.plan", resource: { type: "user", id: subject }, subject } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const { rowCount } = await client.query("select from users where id = $1", [subject]);
    if (rowCount === 0)
      throw new WorkflowError("subject_not_found", "The tenant has no such account. Check the id.");
    const nowMs = deps.now();
    const where = { tenant, keystore: deps.keystore };
    const living = await withinKeystore(client, where, (inKeystore) =>
      livingScopes(inKeystore, subject),
    );
    const judged = await judgeScopes(client, tenant, asked, living, nowMs);
    const scopes: PlannedScope[] = [];
    for (const { conversation, period, keys, keeping } of judged)
      scopes.push({
        conversation,
        period,
        keys,
        keeping,
        messages: await countMessages(client, { conversation, period }),
      });
    const [holdings = []] = await heldAmong(client, tenant, [{ subject }]);
    const account = keepingOf({ holdings, lockings: [] }, law, nowMs);
    const restricted = scopes.filter(({ keeping }) => keeping !== undefined).length;
    note({ details: { items: scopes.length, restricted } });
    return { scopes, account };
  });
}
