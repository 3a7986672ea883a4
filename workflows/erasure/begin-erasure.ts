import type { CaseId, NewId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { openCase } from "../cases/open-case.ts";
import { ofCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { erasureMachine } from "./machine.ts";

/** An erasure that is to begin. */
export interface NewErasure {
  readonly subject: UserId;
  /** The provision on which the person relies: one line of at most 200 characters. */
  readonly law: string;
  /** When the request was received, in milliseconds since the Unix epoch; now by default. */
  readonly receivedAtMs?: number | undefined;
  /** How long the plan can be contested before anything is destroyed, in milliseconds. */
  readonly windowMs: number;
}

/** The window in which a plan can be contested, unless another one is given. */
export const USUAL_WINDOW_MS = 86_400_000;

/**
 * Begins the erasure of a person. The server fences the account at once, and destroys when the window is over.
 * @returns the id of the case
 * @throws WorkflowError subject_not_found; erasure_running, if one of the person is not over
 */
export function beginErasure(
  deps: UseCase & { readonly newId: NewId },
  party: Extract<Party, { readonly operator: unknown }>,
  { subject, law, receivedAtMs, windowMs }: NewErasure,
): Promise<CaseId> {
  const id = deps.newId<CaseId>();
  const tenant = tenantOf(party);
  const act = {
    action: "erasure.begin",
    resource: ofCase(id),
    subject,
    details: { law, windowMs },
  } as const;
  return auditedBy(deps, party, act, async (client) => {
    const nowMs = await readDatabaseClock(client);
    // The lock keeps two erasures of one person from beginning at the same time.
    const { rowCount } = await client.query("select from users where id = $1 for update", [
      subject,
    ]);
    if (rowCount === 0)
      throw new WorkflowError("subject_not_found", "The tenant has no such account. Check the id.");
    const running = await client.query(
      "select from cases where kind = $1 and subject = $2 and ended_at_ms is null",
      [erasureMachine.kind, subject],
    );
    if (running.rowCount !== 0)
      throw new WorkflowError(
        "erasure_running",
        "An erasure of this person is not over. Look at it with sealdesk case list.",
      );
    await openCase(client, erasureMachine, { id, subject }, nowMs);
    await client.query(
      `insert into erasures (tenant, case_id, subject, law, received_at_ms, window_ms)
       values ($1, $2, $3, $4, $5, $6)`,
      [tenant, id, subject, law, receivedAtMs ?? nowMs, windowMs],
    );
    return id;
  });
}
