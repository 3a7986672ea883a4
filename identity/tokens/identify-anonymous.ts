import { appendEntry } from "../../audit/append-entry.ts";
import type { NewId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { identifyCustomer } from "../accounts/anonymous-customer.ts";
import { askCustodians } from "../accounts/ask-custodians.ts";
import { endSessions, type EndedSession } from "./end-sessions.ts";

/**
 * Makes an anonymous account that of the customer whom a token names, and ends its anonymous sessions. Members, keys and
 * conversations stay as they are. A repeat changes nothing.
 * @returns the ended sessions: call `disconnectEnded` after the commit
 * @throws IdentityError customer_exists
 */
export async function identifyAnonymous(
  client: Client,
  account: {
    readonly tenant: TenantId;
    readonly user: UserId;
    /** See `subjectIndexes`. */
    readonly subjectIndex: Uint8Array;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly requestId: string | undefined;
    readonly newId: NewId;
  },
): Promise<readonly EndedSession[]> {
  const { tenant, user, subjectIndex, nowMs, requestId, newId } = account;
  if (!(await identifyCustomer(client, user, subjectIndex))) return [];
  const isAnonymous = "s.user_id = $2 and s.method = 'anonymous'";
  const ended = await endSessions(client, isAnonymous, [nowMs, user]);
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "sign-in" },
    action: "user.identify",
    resource: { type: "user", id: user },
    subject: user,
    outcome: "success",
    requestId,
    details: { sessions: ended.length },
  });
  await askCustodians(client, newId, { tenant, user, indexes: [subjectIndex], nowMs });
  return ended;
}
