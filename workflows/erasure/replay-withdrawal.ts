import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import { ofCase } from "../cases/stored-case.ts";
import type { Withdrawal } from "../ledger/entry.ts";
import { endWithdrawn, ofRequest } from "../requests/stored-request.ts";
import { endErasure } from "./end-erasure.ts";
import { readErasure } from "./erasure-rows.ts";

/** The states in which a restored backup may have an erasure that was withdrawn later. */
const CONTESTABLE =
  "select from cases where id = $1 and state in ('fencing', 'contestable') for update";

/**
 * Withdraws an erasure again that a restored backup lets go on, and the request that began it. A backup from before the
 * erasure has none.
 */
export async function replayWithdrawal(
  client: Client,
  { case: id, subject }: Withdrawal,
  who: Pick<AuditEntry<"erasure.withdraw">, "actor" | "tenant" | "occurredAtMs">,
): Promise<void> {
  const { rowCount } = await client.query(CONTESTABLE, [id]);
  if (rowCount !== 1) return;
  const by = who.actor.id;
  await endErasure(client, id, by, who.occurredAtMs);
  const entry = { ...who, subject, outcome: "success" } as const;
  await appendEntry(client, { ...entry, action: "erasure.withdraw", resource: ofCase(id) });
  const { request } = await readErasure(client, id);
  if (request === null) return;
  const details = await endWithdrawn(client, request, by, who.occurredAtMs);
  const resource = ofRequest(request);
  await appendEntry(client, { ...entry, action: "request.withdraw", resource, details });
}
