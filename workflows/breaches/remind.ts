import { appendEntry } from "../../audit/append-entry.ts";
import { isOpenClock, nextReminderMs, type Clock } from "../../policies/breach/clocks.ts";
import type { Step, StepOutcome } from "../cases/case-kind.ts";
import { ofBreach, readBreachState, SERVER } from "./breach-rows.ts";

/** When an open breach is looked at again, and the next due date. */
export function wakeFor(
  clocks: readonly Clock[],
  nowMs: number,
): Pick<StepOutcome, "wakeAtMs" | "dueAtMs"> {
  const due = clocks.flatMap(({ state, dueAtMs }) =>
    (state === "running" || state === "late") && dueAtMs !== null ? [dueAtMs] : [],
  );
  return {
    wakeAtMs: nextReminderMs(clocks, nowMs),
    ...(due.length > 0 && { dueAtMs: Math.min(...due) }),
  };
}

/** Reminds officers of the notices that are due. The case stays where it is. */
export const remind: Step = async ({ client, tenant, found, nowMs }) => {
  const { clocks } = await readBreachState(client, found.id, nowMs);
  const open = clocks.filter(isOpenClock);
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: SERVER,
    action: "breach.remind",
    resource: ofBreach(found.id),
    outcome: "success",
    details: {
      duties: open.map(({ duty }) => duty),
      late: open.filter(({ state }) => state === "late").length,
    },
  });
  return { to: "open", ...wakeFor(clocks, nowMs) };
};
