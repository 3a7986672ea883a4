import { uuidv7 } from "uuidv7";
import { inTransaction } from "../../db/transaction.ts";
import { createStaff, type StaffRole } from "../../keys/accounts/staff.ts";
import { findTenant } from "../../keys/accounts/tenant.ts";
import { readPassword } from "../read-password.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

export const staffRoles: readonly StaffRole[] = [
  "agent",
  "supervisor",
  "admin",
  "bot",
  "auditor",
  "compliance_officer",
];

/** Makes a staff account that signs in with the password read from prompt or standard input. */
export async function createUserCommand(
  settings: Settings,
  options: {
    readonly tenant: string;
    readonly username: string;
    readonly role: StaffRole;
    readonly displayName?: string;
  },
): Promise<string> {
  const { username, role, displayName = username } = options;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(username))
    throw new CommandError("A user name has small letters, digits, dots and hyphens, at most 64.");
  const password = await readPassword();
  const id = uuidv7();
  await withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, options.tenant);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${options.tenant}.`);
    await inTransaction(pool, tenant.id, (client) =>
      createStaff(client, {
        id,
        tenant: tenant.id,
        role,
        username,
        displayName,
        password,
        now: Date.now(),
      }),
    );
  });
  return `Made ${role} ${username} (${id}).`;
}
