import { Option, type Command } from "commander";
import { uuidv7 } from "uuidv7";
import { parseId, type UserId } from "../../crypto/wire/ids.ts";
import { disableAccount, enableAccount } from "../../identity/accounts/disable-account.ts";
import { setRole } from "../../identity/accounts/set-role.ts";
import { createStaff } from "../../identity/accounts/staff.ts";
import { resetByOperator } from "../../identity/directory/reset-account.ts";
import { reconcileFromOutside } from "../../messaging/members/reconcile-devices.ts";
import { staffRoles, type StaffRole } from "../../policies/actor.ts";
import { resetReasons, type ResetReason } from "../../policies/reset-reasons.ts";
import type { Print } from "../output.ts";
import { readPassword } from "../read-password.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";
import { registerCredentials } from "./user-credentials.ts";
import { registerPasskeys } from "./user-passkeys.ts";

/** A staff account, as the options name it. */
interface NamedAccount {
  readonly tenant: string;
  readonly username: string;
}

/** `sealdesk user ...` */
export function registerUser(program: Command, print: Print, settings: () => Settings): void {
  const user = program.command("user").description("Manage staff accounts");
  const ofAccount = (name: string, description: string): Command =>
    user
      .command(name)
      .description(description)
      .requiredOption("--tenant <slug>", "short name of the tenant")
      .requiredOption("--username <name>", "name that the user signs in with");
  const roleOption = () =>
    new Option("--role <role>", "what the user may do").choices(staffRoles).makeOptionMandatory();

  ofAccount(
    "create",
    "Create a staff account; asks for the password, or reads it from standard input",
  )
    .addOption(roleOption())
    .option("--display-name <name>", "name that others see; the user name by default")
    .action(async (options: Parameters<typeof createUserCommand>[1]) =>
      print(await createUserCommand(settings(), options)),
    );

  ofAccount("reset", "Remove every device of an account; its next device makes a new account key")
    .addOption(
      new Option("--reason <reason>", "reason, for the audit log")
        .choices(resetReasons)
        .makeOptionMandatory(),
    )
    .action(async (options: Parameters<typeof resetUserCommand>[1]) =>
      print(await resetUserCommand(settings(), options)),
    );

  ofAccount("set-role", "Give a staff account another role")
    .addOption(roleOption())
    .action(async (options: Parameters<typeof setRoleCommand>[1]) =>
      print(await setRoleCommand(settings(), options)),
    );

  ofAccount(
    "disable",
    "Close an account: nobody signs in to it, and its devices are removed",
  ).action(async (options: NamedAccount) => print(await disableUserCommand(settings(), options)));

  ofAccount("enable", "Open a disabled account again; the person registers a device anew").action(
    async (options: NamedAccount) => print(await enableUserCommand(settings(), options)),
  );

  registerCredentials(user, print, settings);
  registerPasskeys(user, print, settings);
}

/** Creates a staff account. Its password is read from the terminal or from standard input. */
export async function createUserCommand(
  settings: Settings,
  options: NamedAccount & { readonly role: StaffRole; readonly displayName?: string },
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

/**
 * Resets a staff account. Its devices are removed, so that the next one creates a new account key.
 */
async function resetUserCommand(
  settings: Settings,
  options: NamedAccount & { readonly reason: ResetReason },
): Promise<string> {
  const { username, reason } = options;
  const devices = await withKeys(settings, options.tenant, async ({ data, profiles, tenant }) => {
    const deps = { pool: data, now: Date.now, profiles };
    const reset = await resetByOperator(deps, tenant, {
      account: { username },
      reason,
      by: settings.operator,
    });
    await reconcileFromOutside(deps, { tenant, user: reset.user });
    return reset.devices.length;
  });
  return `Reset ${username}: removed ${devices} devices and ended every session. The next device makes a new account key.`;
}

/** Gives a staff account another role. */
export async function setRoleCommand(
  settings: Settings,
  options: NamedAccount & { readonly role: StaffRole },
): Promise<string> {
  const { username, role } = options;
  await withKeys(settings, options.tenant, ({ ownerUrl, profiles, tenant }) =>
    setRole(ownerUrl, profiles, {
      tenant,
      account: { username },
      role,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `${username} is ${role} now.`;
}

/** Disables a staff account. */
async function disableUserCommand(
  settings: Settings,
  { tenant: slug, username }: NamedAccount,
): Promise<string> {
  const devices = await withKeys(settings, slug, async ({ ownerUrl, data, profiles, tenant }) => {
    const disabled = await disableAccount(ownerUrl, profiles, {
      tenant,
      account: { username },
      nowMs: Date.now(),
      by: settings.operator,
    });
    await reconcileFromOutside({ pool: data, now: Date.now }, { tenant, user: disabled.user });
    return disabled.devices.length;
  });
  return `Disabled ${username}: removed ${devices} devices and ended every session.`;
}

/** Enables a staff account again. */
async function enableUserCommand(
  settings: Settings,
  { tenant: slug, username }: NamedAccount,
): Promise<string> {
  await withKeys(settings, slug, ({ ownerUrl, profiles, tenant }) =>
    enableAccount(ownerUrl, profiles, {
      tenant,
      account: { username },
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `${username} can sign in again.`;
}
