import type { CaseId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { withinKeystore } from "../../keys/at-rest/destroy.ts";
import { LedgerError } from "../ledger/ledger-error.ts";
import { advancePosition } from "../ledger/position.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { WorkflowError } from "../workflow-error.ts";

/**
 * Writes to the ledger that an erasure is withdrawn, in the transaction that ends it. So a backup from the time when its plan
 * could be contested does not let it go on.
 * @throws WorkflowError erasure_interrupted: the ledger cannot be used now, or has entries that the database lacks
 */
export async function recordWithdrawal(
  client: Client,
  withLedger: WithLedger,
  withdrawn: {
    readonly tenant: TenantId;
    readonly subject: UserId;
    readonly case: CaseId;
    readonly atMs: number;
  },
): Promise<void> {
  try {
    await withLedger(async ({ ledger, keystore, isApart }) => {
      const end = await ledger.lockEnd(client);
      const written = await ledger.append(end, { kind: "withdrawal", ...withdrawn });
      const where = { tenant: withdrawn.tenant, keystore: isApart ? keystore : undefined };
      await withinKeystore(client, where, (inKeystore) =>
        advancePosition(inKeystore, "keystore", written),
      );
      await advancePosition(client, "sealdesk", written);
    });
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new WorkflowError(
      "erasure_interrupted",
      "The erasure ledger cannot keep the withdrawal now. Nothing is destroyed meanwhile. Repeat this in some seconds. If it is refused for longer, see what `sealdesk ledger status` says.",
      { cause },
    );
  }
}
