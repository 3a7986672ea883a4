import type { AdoptedHead } from "../../../../audit/adopt/adoption.ts";
import { readSignedHeads, unkeptHeads } from "../../../../audit/checkpoints/unkept-heads.ts";
import { assertHolds } from "../../../../audit/integrate/assert-extends.ts";
import { openOurs } from "../../../../audit/integrate/open-ours.ts";
import type { LogId } from "../../../../crypto/wire/ids.ts";
import type { Restoring } from "../restore/restoring.ts";

export interface MissingHead {
  readonly log: LogId;
  readonly head: AdoptedHead;
  readonly note: string;
}

/**
 * Returns the newest signed head of each log that has no checkpoint outside, in the order of origins.
 * @throws AuditError audit_checkpoint_invalid, audit_log_behind, audit_log_inconsistent
 */
export async function missingHeads({ client, store, signer }: Restoring): Promise<MissingHead[]> {
  const unkept = unkeptHeads(await readSignedHeads(client), await store.all());
  const missing: MissingHead[] = [];
  for (const { log, note } of unkept) {
    const head = openOurs(note, signer.publicKey);
    await assertHolds(client, log, head);
    missing.push({ log, head, note });
  }
  return missing.toSorted((a, b) => (a.head.origin < b.head.origin ? -1 : 1));
}
