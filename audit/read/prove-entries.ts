import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import { int8Array } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { nodeChecks } from "../node-checks.ts";
import { toBase64 } from "../verify/base64.ts";
import type { ProvenEntry } from "../verify/certificate/certificate.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { inclusionProof } from "../verify/proofs.ts";
import type { CheckedLog } from "./checked-log.ts";
import { tileRows } from "./tile-rows.ts";

const PLACES =
  "select index, entry as id from audit.leaves where log = $1 and entry = any($2::int8[])";

/**
 * Returns entries with the proofs that they are in the log, in the order of the log.
 * @param client must be in a transaction that is fenced to the log
 * @param ids of stored entries, as `appendEntry` returns them
 * @returns undefined while the signed head does not have all of them yet
 * @throws AuditError audit_log_altered
 */
export async function proveEntries(
  client: Client,
  log: CheckedLog,
  ids: readonly number[],
): Promise<readonly (ProvenEntry & { readonly id: number })[] | undefined> {
  const { size } = log.checkpoint;
  const { rows } = await client.query<{ index: number; id: number }>(PLACES, [
    log.log,
    int8Array(ids),
  ]);
  const indexes = rows.map(({ index }) => index).toSorted((a, b) => a - b);
  if (indexes.length < new Set(ids).size || (indexes.at(-1) ?? 0) >= size) return undefined;
  const idAt = new Map(rows.map(({ index, id }) => [index, id]));
  const entries = await log.entriesAt(indexes);
  const roots = rangeRoots(nodeChecks.sha256, tileRows(client, log.log), size);
  return Promise.all(
    entries.map(async ({ index, entry }) => ({
      id: idAt.get(index) ?? 0,
      entry: fromUtf8(entry),
      index,
      proof: (await inclusionProof(roots, index, size)).map(toBase64),
    })),
  );
}
