import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { applicableLaws, givingLaws } from "../../policies/deadlines/applicable-laws.ts";
import { dueDates, type DueDate } from "../../policies/deadlines/due-date.ts";
import type { Law, Right } from "../../policies/deadlines/periods.ts";
import { requestMachine } from "../../policies/request-machine.ts";
import { nextReminderMs } from "../../policies/requests.ts";
import { openCase } from "../cases/open-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { rulesInForce, type RequestRules } from "./request-rules.ts";

/** A receipt of a request. Times are milliseconds since the Unix epoch. */
export interface Receipt {
  /** The id of the request, unless it becomes part of an open one. */
  readonly id: CaseId;
  /** The account that the request is of; null while nobody knows. */
  readonly subject: UserId | null;
  readonly right: Right;
  readonly residence: string | null;
  readonly receivedAtMs: number;
  readonly channel: "customer" | "staff" | "email";
  /** As `nameOf` returns it. */
  readonly by: string;
}

/** A request that is not over. */
export interface OpenRequest {
  readonly id: CaseId;
  readonly receivedAtMs: number;
  readonly dueAtMs: number;
}

/** What became of a receipt. */
export interface ReceivedRequest {
  readonly request: CaseId;
  readonly law: Law;
  readonly dueAtMs: number;
  readonly isMerged: boolean;
}

/**
 * Records a receipt in the caller's transaction, which also writes the audit entry. It begins a request, or becomes part of
 * the one that is open, and the earliest receipt starts the clock.
 * @param open the request for the same, which the caller has found and locked
 * @param nowMs the time of the database
 * @throws WorkflowError right_not_available
 */
export async function receiveRequest(
  client: Client,
  receipt: Receipt,
  open: OpenRequest | undefined,
  nowMs: number,
): Promise<ReceivedRequest> {
  const { id, subject, right, residence, receivedAtMs, channel, by } = receipt;
  const asked = { right, residence, receivedAtMs };
  const { law, dueAtMs } =
    open === undefined
      ? await begin(client, { id, subject, asked }, nowMs)
      : await receiveAgain(client, open, asked, nowMs);
  const request = open?.id ?? id;
  await client.query(
    `insert into request_receipts (tenant, request, channel, recorded_by, received_at_ms, recorded_at_ms)
     values (sealdesk.current_tenant(), $1, $2, $3, $4, $5)`,
    [request, channel, by, receivedAtMs, nowMs],
  );
  return { request, law, dueAtMs, isMerged: open !== undefined };
}

type Asked = Pick<Receipt, "right" | "residence" | "receivedAtMs">;
type Clock = Pick<ReceivedRequest, "law" | "dueAtMs">;

async function begin(
  client: Client,
  { id, subject, asked }: Pick<Receipt, "id" | "subject"> & { readonly asked: Asked },
  nowMs: number,
): Promise<Clock> {
  const rules = await rulesInForce(client, nowMs);
  const due = dueOf(rules, asked);
  const dueAtMs = due.endsAtMs;
  // Officers are told at once of a request that is recorded when it is overdue.
  const wakeAtMs = dueAtMs <= nowMs ? nowMs : nextReminderMs(dueAtMs, nowMs);
  await openCase(client, requestMachine, { id, subject, dueAtMs, wakeAtMs }, nowMs);
  await insertRequest(client, { id, ...asked, due, rules });
  return { law: due.law, dueAtMs };
}

/**
 * Starts the clock of an open request at another receipt, if that was earlier. A repeat brings nothing forward, not even
 * what was extended.
 * @throws WorkflowError right_not_available
 */
export async function receiveAgain(
  client: Client,
  open: OpenRequest,
  asked: Asked,
  nowMs: number,
): Promise<Clock> {
  const { receivedAtMs } = asked;
  const rules = await rulesInForce(client, nowMs);
  const earliestMs = Math.min(receivedAtMs, open.receivedAtMs);
  const due = dueOf(rules, { ...asked, receivedAtMs: earliestMs });
  if (receivedAtMs >= open.receivedAtMs) return { law: due.law, dueAtMs: open.dueAtMs };
  await client.query("update requests set received_at_ms = $2 where id = $1", [
    open.id,
    receivedAtMs,
  ]);
  if (due.endsAtMs < open.dueAtMs) await bringForward(client, open.id, due, rules);
  return { law: due.law, dueAtMs: Math.min(due.endsAtMs, open.dueAtMs) };
}

/** @throws WorkflowError right_not_available */
function dueOf({ content: { timeZone, holidays, laws } }: RequestRules, asked: Asked): DueDate {
  const applicable = givingLaws(applicableLaws(laws, asked.residence), asked.right);
  const receipt = {
    receivedAtMs: asked.receivedAtMs,
    timeZone,
    holidays: new Set(holidays),
    isExtended: false,
  };
  const [earliest] = dueDates(applicable, asked.right, receipt);
  if (earliest === undefined)
    throw new WorkflowError(
      "right_not_available",
      "No law that applies to this person here gives this right. An officer can change which laws apply (request rules).",
    );
  return earliest;
}

async function insertRequest(
  client: Client,
  request: Asked & {
    readonly id: CaseId;
    readonly due: DueDate;
    readonly rules: RequestRules;
  },
): Promise<void> {
  const { id, right, residence, receivedAtMs, due, rules } = request;
  await client.query(
    `insert into requests (tenant, id, "right", residence, law, citation, rules_version, received_at_ms)
     values (sealdesk.current_tenant(), $1, $2, $3, $4, $5, $6, $7)`,
    [id, right, residence, due.law, due.citation, rules.version, receivedAtMs],
  );
}

/** An earlier receipt became known, so the request is due earlier. */
async function bringForward(
  client: Client,
  id: CaseId,
  due: DueDate,
  rules: RequestRules,
): Promise<void> {
  await client.query(
    "update requests set law = $2, citation = $3, rules_version = $4 where id = $1",
    [id, due.law, due.citation, rules.version],
  );
  await client.query(
    "update cases set due_at_ms = $2, wake_at_ms = sealdesk.database_now_ms() where id = $1",
    [id, due.endsAtMs],
  );
}
