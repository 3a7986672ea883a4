import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { dueDates } from "../../policies/deadlines/due-date.ts";
import { decideRequest, nextReminderMs } from "../../policies/requests.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { rulesInForce } from "./request-rules.ts";
import { ofRequest, readRequest } from "./stored-request.ts";

/**
 * Extends the period of a request by what the law allows, once, and before the period is over. The person who asked is
 * told of it and of the reason: on the page of the request's link, and in the list of their own requests.
 * @param reason for that person: one line of at most 300 characters
 * @returns the new due date, in milliseconds since the Unix epoch
 * @throws WorkflowError request_not_found, not_extendable; IdentityError forbidden, device_required
 */
export function extendRequest(
  deps: UseCase,
  party: Party,
  { id, reason }: { readonly id: CaseId; readonly reason: string },
): Promise<number> {
  const act = { action: "request.extend", resource: ofRequest(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (of: UserId | null) =>
      assertParty(party, (actor) =>
        decideRequest(actor, "extend", { tenant: tenantOf(party), subject: of }),
      );
    // Whoever may extend none does not learn which exist.
    assertMay(null);
    await readRequest(client, id);
    await lockCase(client, id);
    const request = await readRequest(client, id);
    const { subject, law, right, receivedAtMs, dueAtMs } = request;
    const decided = assertMay(subject);
    const nowMs = await readDatabaseClock(client);
    const { content } = await rulesInForce(client, nowMs);
    const receipt = {
      receivedAtMs,
      timeZone: content.timeZone,
      holidays: new Set(content.holidays),
    };
    const [present] = dueDates([law], right, { ...receipt, isExtended: false });
    const [extended] = dueDates([law], right, { ...receipt, isExtended: true });
    const mayExtend =
      present?.isExtendable === true &&
      request.extendedAtMs === null &&
      request.endedAtMs === null &&
      nowMs < dueAtMs;
    if (!mayExtend || extended === undefined)
      throw new WorkflowError(
        "not_extendable",
        "The period cannot be extended: the law allows it once, and only before the period is over.",
      );
    const { rowCount } = await client.query(
      `update requests set extended_at_ms = $2, extension_reason = $3
       where id = $1 and extended_at_ms is null`,
      [id, nowMs, reason],
    );
    if (rowCount === 0)
      throw new WorkflowError("not_extendable", "The period was extended before.");
    await client.query("update cases set due_at_ms = $2, wake_at_ms = $3 where id = $1", [
      id,
      extended.endsAtMs,
      nextReminderMs(extended.endsAtMs, nowMs),
    ]);
    const details = { right, law, dueAtMs: extended.endsAtMs, formerDueAtMs: dueAtMs };
    note({ ...decided, ...(subject !== null && { subject }), details });
    return extended.endsAtMs;
  });
}
