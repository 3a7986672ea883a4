import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client, Pool } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { withinKeystore } from "../../keys/at-rest/destroy.ts";
import { livingScopes, type ScopePeriod } from "../../keys/at-rest/list-scopes.ts";
import { periodRange } from "../../crypto/wire/key-period.ts";
import { decideErasure } from "../../policies/erasures.ts";
import { heldAmong } from "../holds/held-among.ts";
import { WorkflowError } from "../workflow-error.ts";
import { countAccount, type AccountCounts } from "./count-account.ts";
import { judgeScopes, keepingOf, type Keeping } from "./held-scopes.ts";
import { countMessages } from "./record-erased.ts";

/** What an erasure would do to a period of a conversation: everybody's messages and attachments in it. */
export interface PlannedScope {
  readonly conversation: ConversationId;
  readonly period: number;
  readonly messages: number;
  readonly attachments: number;
  readonly keys: number;
  /** What keeps it. */
  readonly keeping: Keeping | undefined;
}

/** What an erasure would do to the account: its profile, and what it has. */
export interface PlannedAccount extends AccountCounts {
  /** What keeps it. */
  readonly keeping: Keeping | undefined;
}

export interface ErasurePlan {
  readonly scopes: readonly PlannedScope[];
  readonly account: PlannedAccount;
}

/**
 * Returns what an erasure would destroy and keep now. It changes nothing.
 * @param deps.keystore the pool of the keystore if it has its own database
 * @throws WorkflowError subject_not_found; IdentityError forbidden
 */
export function planErasure(
  deps: UseCase & { readonly keystore: Pool | undefined },
  party: Party,
  asked: { readonly subject: UserId; readonly law: string },
): Promise<ErasurePlan> {
  const { subject, law } = asked;
  const tenant = tenantOf(party);
  const act = { action: "erasure.plan", resource: { type: "user", id: subject }, subject } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideErasure(actor, "plan", { tenant, subject }),
    );
    const { rowCount } = await client.query("select from users where id = $1", [subject]);
    if (rowCount === 0)
      throw new WorkflowError("subject_not_found", "The tenant has no such account. Check the id.");
    const nowMs = await readDatabaseClock(client);
    const where = { tenant, keystore: deps.keystore };
    const living = await withinKeystore(client, where, (inKeystore) =>
      livingScopes(inKeystore, subject),
    );
    const judged = await judgeScopes(client, tenant, asked, living, nowMs);
    const scopes: PlannedScope[] = [];
    for (const { item: _item, ...scope } of judged)
      scopes.push({
        ...scope,
        messages: await countMessages(client, scope),
        attachments: await countAttachments(client, scope),
      });
    const [holdings = []] = await heldAmong(client, tenant, [{ subject }]);
    const keeping = keepingOf({ holdings, lockings: [] }, law, nowMs);
    const account = { ...(await countAccount(client, subject)), keeping };
    const restricted = scopes.filter((scope) => scope.keeping !== undefined).length;
    note({ ...decided, details: { items: scopes.length, restricted } });
    return { scopes, account };
  });
}

/** Returns the number of attachments that were begun in a period. */
async function countAttachments(
  client: Client,
  { conversation, period }: ScopePeriod,
): Promise<number> {
  const { fromMs, untilMs } = periodRange(period);
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from attachments
     where conversation = $1 and created_at_ms >= $2 and created_at_ms < $3`,
    [conversation, fromMs, untilMs],
  );
  return rows[0]?.count ?? 0;
}
