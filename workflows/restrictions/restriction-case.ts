import { appendEntry } from "../../audit/append-entry.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { restrictionMachine } from "../../policies/restriction-machine.ts";
import type { CaseKind, Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";

/** Lifts a restriction whose end was announced. Devices follow its conversations again from where they were. */
const lift: Step = async ({ client, tenant, found, nowMs }) => {
  const { rows } = await client.query<{ conversation: ConversationId }>(
    "select lift_restriction as conversation from sealdesk.lift_restriction($1)",
    [found.id],
  );
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "cases" },
    action: "restriction.lift",
    resource: ofCase(found.id),
    outcome: "success",
    ...(found.subject !== null && { subject: found.subject }),
    details: { conversations: rows.map(({ conversation }) => conversation) },
  });
  return { to: "lifted" };
};

/** A restriction of processing. A person announces its end. */
export const restrictionCase: CaseKind = {
  machine: restrictionMachine,
  steps: { announced: lift },
};
