import type { Command } from "commander";
import { createPasswordResetByOperator, resetLink } from "../../identity/passwords/create-reset.ts";
import { setPassword } from "../../identity/passwords/set-password.ts";
import { resetTotpByOperator } from "../../identity/second-factor/remove-totp.ts";
import type { Print } from "../output.ts";
import { readPassword } from "../read-password.ts";
import type { Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";

interface Named {
  readonly tenant: string;
  readonly username: string;
}

/** The commands of `sealdesk user` about what people sign in with. */
export function registerCredentials(user: Command, print: Print, settings: () => Settings): void {
  for (const [name, command, description] of [
    [
      "set-password",
      setPasswordCommand,
      "Give a staff account another password; asks for it, or reads it from standard input",
    ],
    [
      "reset-password",
      resetPasswordCommand,
      "Print a link with which the user chooses a new password, within 24 hours",
    ],
    [
      "reset-second-factor",
      resetSecondFactorCommand,
      "Remove the second factor of a staff account whose person lost it, and end its sessions",
    ],
  ] as const)
    user
      .command(name)
      .description(description)
      .requiredOption("--tenant <slug>", "short name of the tenant")
      .requiredOption("--username <name>", "name that the user signs in with")
      .action(async (options: Parameters<typeof command>[1]) =>
        print(await command(settings(), options)),
      );
}

/** Gives a staff account another password, which is read from the terminal or from standard input. */
async function setPasswordCommand(
  settings: Settings,
  { tenant: slug, username }: Named,
): Promise<string> {
  const password = await readPassword();
  const sessions = await withKeys(settings, slug, ({ ownerUrl, profiles, tenant }) =>
    setPassword(ownerUrl, profiles, {
      tenant,
      slug,
      username,
      password,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `${username} has another password now. Ended ${sessions} sessions.`;
}

/** Removes the second factor of a staff account, whose person lost it. */
async function resetSecondFactorCommand(
  settings: Settings,
  { tenant: slug, username }: Named,
): Promise<string> {
  await withKeys(settings, slug, ({ data, profiles, tenant }) =>
    resetTotpByOperator({ pool: data, now: Date.now, profiles }, tenant, {
      account: { username },
      by: settings.operator,
    }),
  );
  return `Removed the second factor of ${username} and ended every session. The password alone signs in now.`;
}

/** Makes a link with which a member of staff chooses a new password. */
async function resetPasswordCommand(
  settings: Settings,
  { tenant: slug, username }: Named,
): Promise<string> {
  const reset = await withKeys(settings, slug, ({ data, profiles, tenant }) =>
    createPasswordResetByOperator({ pool: data, now: Date.now, profiles }, tenant, {
      account: { username },
      by: settings.operator,
    }),
  );
  const until = new Date(reset.expiresAtMs).toISOString();
  return `Give this link to ${username}, and to nobody else. It serves once, until ${until}.\n${resetLink(settings.publicUrl, reset)}`;
}
