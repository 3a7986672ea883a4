import { setRole } from "../../identity/accounts/set-role.ts";
import type { StaffRole } from "../../policies/actor.ts";
import type { Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";

/** Gives a staff account another role. */
export async function setRoleCommand(
  settings: Settings,
  options: { readonly tenant: string; readonly username: string; readonly role: StaffRole },
): Promise<string> {
  const { username, role } = options;
  await withKeys(settings, options.tenant, ({ ownerUrl, profiles, tenant }) =>
    setRole(ownerUrl, profiles, {
      tenant,
      username,
      role,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `${username} is ${role} now.`;
}
