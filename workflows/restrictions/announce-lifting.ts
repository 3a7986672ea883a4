import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { restrictionMachine } from "../../policies/restriction-machine.ts";
import { decideRestriction } from "../../policies/restrictions.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase, ofCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";

/**
 * Announces the end of a restriction: the person sees it at once, on their devices and on the page of the request, and the
 * server lifts the restriction when the time of notice is over (GDPR article 18(3)).
 * @param asked.noticeMs how long before the end the person is told, in milliseconds
 * @returns when it ends, in milliseconds since the Unix epoch
 * @throws WorkflowError restriction_not_found; case_moved, if its end was announced before; IdentityError forbidden,
 *   device_required
 */
export function announceLifting(
  deps: UseCase,
  party: Party,
  { id, noticeMs }: { readonly id: CaseId; readonly noticeMs: number },
): Promise<number> {
  const tenant = tenantOf(party);
  const act = { action: "restriction.announce_lifting", resource: ofCase(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (subject: UserId | null) =>
      assertParty(party, (actor) => decideRestriction(actor, "lift", { tenant, subject }));
    // Whoever may lift none does not learn which exist.
    assertMay(null);
    const subject = await subjectOf(client, id);
    const decided = assertMay(subject);
    const nowMs = await readDatabaseClock(client);
    const liftsAtMs = nowMs + noticeMs;
    const move = { to: "announced", by: nameOf(party), wakeAtMs: liftsAtMs };
    await moveCase(client, restrictionMachine, await lockCase(client, id), move, nowMs);
    await client.query("update restrictions set lifts_at_ms = $2 where case_id = $1", [
      id,
      liftsAtMs,
    ]);
    note({ ...decided, subject, details: { liftsAtMs } });
    return liftsAtMs;
  });
}

/** @throws WorkflowError restriction_not_found */
async function subjectOf(client: Client, id: CaseId): Promise<UserId> {
  const { rows } = await client.query<{ subject: UserId }>(
    "select subject from restrictions where case_id = $1",
    [id],
  );
  if (rows[0] === undefined)
    throw new WorkflowError(
      "restriction_not_found",
      "There is no such restriction. What an erasure left restricted stays so until it is erased.",
    );
  return rows[0].subject;
}
