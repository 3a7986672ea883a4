import type { CaseId, NewId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import {
  assertParty,
  auditBesides,
  auditedBy,
  nameOf,
  tenantOf,
  type Party,
} from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { USUAL_WINDOW_MS } from "../../policies/erasure-window.ts";
import { erasureProvisions } from "../../policies/erasures.ts";
import { requestMachine, type RequestDecision } from "../../policies/request-machine.ts";
import { decideRequest, nextReminderMs } from "../../policies/requests.ts";
import { RESTRICTION_PROVISION } from "../../policies/restriction-notice.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase, ofCase } from "../cases/stored-case.ts";
import { erasureRunning, startErasure } from "../erasure/start-erasure.ts";
import { startRestriction } from "../restrictions/start-restriction.ts";
import { WorkflowError } from "../workflow-error.ts";
import { answerRequest } from "./answer-request.ts";
import type { Client } from "../../db/pool.ts";
import { ofRequest, readRequest, type StoredRequest } from "./stored-request.ts";

/** What an officer decides about a request. */
export interface DecidedRequest {
  readonly id: CaseId;
  readonly decision: RequestDecision;
  /** Why it is refused: the law that allows to. A refusal needs one, and nothing else has one. */
  readonly ground?: string | undefined;
  /**
   * How long an erasure that is accepted can be contested, in milliseconds; 24 hours by default. An erasure that runs already
   * keeps its own, so leave it out then.
   */
  readonly windowMs?: number | undefined;
}

/**
 * Accepts, answers or refuses a request, after a fresh proof of the second factor. An accepted request for erasure begins
 * the erasure in the same transaction, and is answered by its certificate. One for restriction restricts the person's
 * conversations, and is answered at once.
 * @throws WorkflowError request_not_found, subject_unknown, ground_required, case_moved, right_not_available, last_administrator,
 *   erasure_running, if its erasure is not over, or one runs already and a window is given; IdentityError
 *   forbidden, device_required, step_up_required
 */
export async function decideOnRequest(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: DecidedRequest,
): Promise<void> {
  const { id, decision, ground } = asked;
  const act = { action: "request.decide", resource: ofRequest(id) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const assertMay = (of: UserId | null) =>
      assertParty(party, (actor) =>
        decideRequest(actor, "decide", { tenant: tenantOf(party), subject: of }),
      );
    // Whoever may decide about none does not learn which exist.
    assertMay(null);
    const request = await readRequest(client, id);
    const { subject, right, dueAtMs } = request;
    const decided = assertMay(subject);
    if ("actor" in party) await assertFreshFactor(client, party.actor, "decide", deps.now());
    if ((decision === "refused") !== (ground !== undefined))
      throw new WorkflowError(
        "ground_required",
        "Name the law that allows the refusal. Only a refusal has a ground.",
      );
    const nowMs = await readDatabaseClock(client);
    if (decision === "accepted" && subject === null)
      throw new WorkflowError(
        "subject_unknown",
        "Say first whose request this is (request assign). If there is no such account, refuse it.",
      );
    const erasure =
      right === "erasure"
        ? await decideOnErasure(deps, client, party, request, asked, nowMs)
        : undefined;
    const found = await lockCase(client, id);
    const wakeAtMs = nextReminderMs(dueAtMs, nowMs);
    const move = { to: decision, by: nameOf(party), wakeAtMs };
    await moveCase(client, requestMachine, found, move, nowMs);
    if (right === "restriction" && decision === "accepted")
      await restrict(deps, client, party, request, nowMs);
    if (ground !== undefined)
      await client.query("update requests set refusal_ground = $2 where id = $1", [id, ground]);
    const details = { right, from: found.state, to: decision, erasure };
    note({ ...decided, ...(subject !== null && { subject }), details });
  });
}

/** Restricts what the person asks for, which answers the request. */
async function restrict(
  deps: UseCase & { readonly newId: NewId },
  client: Client,
  party: Party,
  { id: request, subject }: StoredRequest,
  nowMs: number,
): Promise<void> {
  if (subject === null) return;
  const tenant = tenantOf(party);
  const id = deps.newId<CaseId>();
  const law = RESTRICTION_PROVISION;
  const asked = { id, subject, law, request, by: nameOf(party) };
  const conversations = await startRestriction(client, tenant, asked, nowMs);
  const act = { action: "restriction.place", resource: ofCase(id), subject } as const;
  const details = { law, request, conversations: [...conversations] };
  await auditBesides(deps, client, party, { ...act, details });
  await answerRequest(client, tenant, request, nowMs);
}

/**
 * Begins the erasure that is accepted, or joins the one that runs. What ends the request otherwise waits until its erasure
 * is over.
 * @returns the erasure; undefined if none is accepted
 */
async function decideOnErasure(
  deps: UseCase & { readonly newId: NewId },
  client: Client,
  party: Party,
  { id, subject, law: regime, receivedAtMs, state, erasure }: StoredRequest,
  { decision, windowMs: asked }: DecidedRequest,
  nowMs: number,
): Promise<CaseId | undefined> {
  // The machine refuses what is over.
  if (state !== "received" && state !== "accepted") return undefined;
  if (erasure !== null) throw erasureRunning();
  if (decision !== "accepted" || subject === null) return undefined;
  const law = erasureProvisions[regime];
  if (law === undefined)
    throw new WorkflowError(
      "right_not_available",
      "The law of this request gives no erasure. Refuse it, and name the ground.",
    );
  const windowMs = asked ?? USUAL_WINDOW_MS;
  const own = { id: deps.newId<CaseId>(), subject, law, receivedAtMs, windowMs, request: id };
  const begun = await startErasure(client, tenantOf(party), own, nowMs);
  if (begun !== own.id) {
    // It runs already, with a window of its own.
    if (asked !== undefined) throw erasureRunning();
    return begun;
  }
  const act = { action: "erasure.begin", resource: ofCase(begun), subject } as const;
  await auditBesides(deps, client, party, { ...act, details: { law, windowMs, request: id } });
  return begun;
}
