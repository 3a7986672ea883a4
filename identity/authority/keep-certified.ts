import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { certifyStaff } from "./certify-staff.ts";
import type { AuthorityDeps } from "./current-key.ts";

/** How often accounts without a current certificate are looked for. */
const EVERY_MS = 60_000;

/**
 * Certifies staff of all tenants, now and every minute: those whose registration or change of role
 * could not be certified at once, and those whose certificate is a day old.
 * @param onRefused the authority does not know so many accounts as staff
 * @returns a function that stops the task
 */
export const keepCertified = (
  deps: AuthorityDeps,
  onRefused: (accounts: number) => void,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically(
    async () => {
      let refused = 0;
      try {
        await forEachTenant(deps.pool, async (tenant) => {
          const outcome = await certifyStaff(deps, tenant);
          refused += outcome.refused;
          return outcome.certified;
        });
      } finally {
        if (refused > 0) onRefused(refused);
      }
    },
    EVERY_MS,
    onError,
  );
