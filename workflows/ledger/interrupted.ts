import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { ledgerStates } from "../erasure/machine.ts";
import { WorkflowError } from "../workflow-error.ts";
import type { ErasureLedger } from "./erasure-ledger.ts";
import { LedgerError } from "./ledger-error.ts";
import { readPosition } from "./position.ts";
import { settleLedger } from "./settle.ts";
import type { WithLedger } from "./settle-deps.ts";

// A step is recorded before it is taken, so an entry of the ledger that was not carried out belongs to one of these.
const BEGUN = `
  select from cases c join case_steps s on s.tenant = c.tenant and s.case_id = c.id and s.step = c.step
  where c.wake_at_ms is not null and c.kind = 'erasure' and c.state = any($1) and s.done_at_ms is null limit 1`;

/**
 * Carries out what an interrupted erasure of the tenant has written to the ledger. Call it before you preserve
 * something, so that `assertNoneInterrupted` finds nothing. A ledger that cannot be used is left to that function.
 */
export async function settleInterrupted(
  { pool, withLedger }: { readonly pool: Pool; readonly withLedger: WithLedger },
  tenant: TenantId,
): Promise<void> {
  if (!(await inTransaction(pool, tenant, hasBegun))) return;
  await withLedger(settleLedger).catch((error: unknown) => {
    if (!(error instanceof LedgerError)) throw error;
  });
}

/**
 * Requires that the ledger has no erasure of the tenant that is not carried out: it holds, so nothing that is preserved
 * from now on would stop it. Call it in the transaction that preserves, after the lock that such erasures wait for.
 * @throws WorkflowError erasure_interrupted
 */
export async function assertNoneInterrupted(
  client: Client,
  tenant: TenantId,
  withLedger: WithLedger,
): Promise<void> {
  if (!(await hasBegun(client))) return;
  const isInterrupted = await withLedger(({ ledger }) => hasMore(client, tenant, ledger)).catch(
    (cause: unknown) => {
      throw cause instanceof LedgerError ? interrupted(cause) : cause;
    },
  );
  if (isInterrupted) throw interrupted();
}

const hasBegun = async (client: Client): Promise<boolean> =>
  (await client.query(BEGUN, [ledgerStates])).rowCount === 1;

async function hasMore(client: Client, tenant: TenantId, ledger: ErasureLedger): Promise<boolean> {
  const known = await readPosition(client, "sealdesk");
  const entries = await ledger.read(known?.number ?? 0);
  // Erasures of other tenants go on meanwhile.
  const carriedOut = (await readPosition(client, "sealdesk"))?.number ?? -1;
  return entries.some(
    ({ number, record }) =>
      number > carriedOut && record.kind !== "begin" && record.tenant === tenant,
  );
}

const interrupted = (cause?: LedgerError): WorkflowError =>
  new WorkflowError(
    "erasure_interrupted",
    "An erasure was interrupted while it destroyed keys, and is carried out first. Repeat this in some seconds. If it is refused for longer, see what `sealdesk ledger status` says.",
    { cause },
  );
