import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { requestMachine, type RequestDecision } from "../../policies/request-machine.ts";
import { decideRequest, nextReminderMs } from "../../policies/requests.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { ofRequest, readRequest } from "./stored-request.ts";

/** What an officer decides about a request. */
export interface DecidedRequest {
  readonly id: CaseId;
  readonly decision: RequestDecision;
  /** Why it is refused: the law that allows to. A refusal needs one, and nothing else has one. */
  readonly ground?: string | undefined;
}

/**
 * Accepts, answers or refuses a request, after a fresh proof of the second factor.
 * @throws WorkflowError request_not_found, ground_required, case_moved; IdentityError forbidden, device_required,
 *   step_up_required
 */
export async function decideOnRequest(
  deps: UseCase,
  party: Party,
  { id, decision, ground }: DecidedRequest,
): Promise<void> {
  const act = { action: "request.decide", resource: ofRequest(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (of: UserId | null) =>
      assertParty(party, (actor) =>
        decideRequest(actor, "decide", { tenant: tenantOf(party), subject: of }),
      );
    // Whoever may decide about none does not learn which exist.
    assertMay(null);
    const { subject, right, dueAtMs } = await readRequest(client, id);
    const decided = assertMay(subject);
    if ("actor" in party) await assertFreshFactor(client, party.actor, "decide", deps.now());
    if ((decision === "refused") !== (ground !== undefined))
      throw new WorkflowError(
        "ground_required",
        "Name the law that allows the refusal. Only a refusal has a ground.",
      );
    const found = await lockCase(client, id);
    const nowMs = await readDatabaseClock(client);
    const wakeAtMs = nextReminderMs(dueAtMs, nowMs);
    const move = { to: decision, by: nameOf(party), wakeAtMs };
    await moveCase(client, requestMachine, found, move, nowMs);
    if (ground !== undefined)
      await client.query("update requests set refusal_ground = $2 where id = $1", [id, ground]);
    const details = { right, from: found.state, to: decision };
    note({ ...decided, ...(subject !== null && { subject }), details });
  });
}
