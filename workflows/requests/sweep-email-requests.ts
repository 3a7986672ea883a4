import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";

const EVERY_MS = 3_600_000;

/** Forgets the hashes of the addresses whose links have expired. What became a request stays one. */
const sweepEmailRequests = ({ pool }: Pick<UseCase, "pool">): Promise<number> =>
  forEachTenant(pool, (tenant) =>
    inTransaction(pool, tenant, async (client) => {
      const { rowCount } = await client.query(
        "delete from email_requests where expires_at_ms <= sealdesk.database_now_ms()",
      );
      return rowCount ?? 0;
    }),
  );

/** Does so now and every hour. @returns a function that stops */
export const sweepEmailRequestsPeriodically = (
  deps: Pick<UseCase, "pool">,
  onError: (error: unknown) => void,
) => runPeriodically(() => sweepEmailRequests(deps), EVERY_MS, onError);
