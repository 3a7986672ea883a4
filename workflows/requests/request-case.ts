import { appendEntry } from "../../audit/append-entry.ts";
import { requestMachine } from "../../policies/request-machine.ts";
import { nextReminderMs } from "../../policies/requests.ts";
import type { CaseKind, Step } from "../cases/case-kind.ts";
import { ofRequest, readRequest } from "./stored-request.ts";

/** Reminds officers of a request that waits for them. The case stays where it is. */
const remind: Step = async ({ client, tenant, found, nowMs }) => {
  const { right, subject, dueAtMs } = await readRequest(client, found.id);
  const wakeAtMs = nextReminderMs(dueAtMs, nowMs);
  // A due date that was brought forward wakes the case, too.
  if (wakeAtMs < dueAtMs) return { to: found.state, wakeAtMs };
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "cases" },
    action: "request.remind",
    resource: ofRequest(found.id),
    outcome: "success",
    ...(subject !== null && { subject }),
    details: { right, dueAtMs, isOverdue: nowMs >= dueAtMs },
  });
  return { to: found.state, wakeAtMs };
};

export const requestCase: CaseKind = {
  machine: requestMachine,
  steps: { received: remind, accepted: remind },
};
