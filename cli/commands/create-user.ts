import { uuidv7 } from "uuidv7";
import { createStaff, type StaffRole } from "../../identity/accounts/staff.ts";
import { readPassword } from "../read-password.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";
import { parseId, type UserId } from "../../crypto/wire/ids.ts";

/** Creates a staff account. Its password is read from the terminal or from standard input. */
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
    throw new CommandError(
      "--username must have 1 to 64 small letters, digits, dots, hyphens and underscores, and begin with a letter or digit.",
    );
  const password = await readPassword();
  const id = parseId<UserId>(uuidv7());
  await withKeys(settings, options.tenant, ({ ownerUrl, profiles, tenant }) =>
    createStaff(ownerUrl, profiles, {
      id,
      tenant,
      role,
      username,
      displayName,
      password,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `Created ${role} ${username} (${id}).`;
}
