import { appendEntry } from "../../audit/append-entry.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import { linkAct, type LinkRow } from "./link-request.ts";

type SweepDeps = Pick<UseCase, "pool" | "now">;

/**
 * Deletes expired requests together with their sealed answers.
 * @returns the number of deleted requests
 */
export const sweepLinks = ({ pool, now }: SweepDeps): Promise<number> =>
  forEachTenant(pool, (tenant) =>
    inTransaction(pool, tenant, async (client) => {
      const { rows } = await client.query<Pick<LinkRow, "id" | "user" | "device" | "state">>(
        `delete from link_requests where expires_at_ms <= $1
         returning id, user_id as user, device, state`,
        [now()],
      );
      for (const { id, user, device, state } of rows)
        await appendEntry(client, {
          ...linkAct("link.expire", id),
          occurredAtMs: now(),
          tenant,
          actor: { kind: "system", id: "sweep-links" },
          subject: user,
          outcome: "success",
          details: { device, state },
        });
      return rows.length;
    }),
  );

const EVERY_MS = 60_000;

/**
 * Sweeps now and every minute.
 * @returns a function that stops the task
 */
export const sweepLinksPeriodically = (deps: SweepDeps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepLinks(deps), EVERY_MS, onError);
