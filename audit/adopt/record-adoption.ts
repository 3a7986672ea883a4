import type { Client } from "../../db/pool.ts";
import { logOf, type LogId, type TenantId } from "../../crypto/wire/ids.ts";
import { appendToLog, type AuditEntry } from "../append-entry.ts";
import type { OperatorActor } from "../operator.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { approverName } from "../verify/approvers.ts";
import { toBase64 } from "../verify/base64.ts";
import type { NoteKey } from "../verify/note.ts";
import type { AdoptedHead, Adoption } from "./adoption.ts";

/** An entry has an upper limit. The operator's log gets as many as the list of logs needs. */
const LOGS_IN_AN_ENTRY = 128;
const TENANTS = "select id, audit.key_log(id) as keys from sealdesk.tenants";

/**
 * Appends an entry about an adoption to the audit log of each tenant that it concerns, and the whole
 * list to the operator's log. `client` must be in a transaction of the owner.
 * @param logs the adopted heads by the id of their log
 */
export async function recordAdoption(
  client: Client,
  adoption: Adoption,
  approvedBy: readonly NoteKey[],
  logs: ReadonlyMap<LogId, AdoptedHead>,
  { by, nowMs }: { readonly by: OperatorActor; readonly nowMs: number },
): Promise<void> {
  const { declaredAtMs, reason } = adoption;
  const people = approvedBy.map((key) => approverName(nodeChecks.sha256, key));
  const append = async (log: LogId, heads: readonly AdoptedHead[]) => {
    const entry: Omit<AuditEntry<"audit.adopt_checkpoints">, "tenant"> = {
      occurredAtMs: nowMs,
      actor: by,
      action: "audit.adopt_checkpoints",
      resource: { type: "audit-log", id: log },
      outcome: "success",
      details: { declaredAtMs, reason, approvedBy: people, logs: heads.map(detailOf) },
    };
    await client.query("select set_config('sealdesk.tenant', $1, true)", [log]);
    await appendToLog(client, log, entry);
  };
  const all = [...logs.values()];
  for (let from = 0; from < all.length; from += LOGS_IN_AN_ENTRY)
    await append(OPERATOR_LOG, all.slice(from, from + LOGS_IN_AN_ENTRY));
  const { rows } = await client.query<{ id: TenantId; keys: LogId }>(TENANTS);
  for (const { id, keys } of rows) {
    const heads = [logOf(id), keys].flatMap((log) => logs.get(log) ?? []);
    if (heads.length > 0) await append(logOf(id), heads);
  }
}

const detailOf = ({ origin, size, root }: AdoptedHead) => ({ origin, size, root: toBase64(root) });
