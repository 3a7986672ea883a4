import { resetByOperator } from "../../identity/directory/reset-account.ts";
import type { ResetReason } from "../../policies/reset-reasons.ts";
import { reconcileFromOutside } from "../../messaging/members/reconcile-devices.ts";
import type { Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";

/**
 * Resets a staff account. Its devices are removed, so that the next one creates a new account key.
 */
export async function resetUserCommand(
  settings: Settings,
  options: {
    readonly tenant: string;
    readonly username: string;
    readonly reason: ResetReason;
  },
): Promise<string> {
  const { username } = options;
  const devices = await withKeys(settings, options.tenant, async ({ data, profiles, tenant }) => {
    const deps = { pool: data, now: Date.now, profiles };
    const reset = await resetByOperator(deps, tenant, { ...options, by: settings.operator });
    await reconcileFromOutside(deps, { tenant, user: reset.user });
    return reset.devices;
  });
  return `Reset ${username}: removed ${devices} devices and ended every session. The next device makes a new account key.`;
}
