import type { Command } from "commander";
import { isId, type PasskeyId } from "../../crypto/wire/ids.ts";
import {
  listPasskeysByOperator,
  removePasskeyByOperator,
} from "../../identity/passkeys/remove-passkey.ts";
import type { Print } from "../output.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withKeys } from "../with-keys.ts";
import { dayOf } from "./moments.ts";

interface Named {
  readonly tenant: string;
  readonly username: string;
}

/** `sealdesk user passkeys`. */
export function registerPasskeys(user: Command, print: Print, settings: () => Settings): void {
  const passkeys = user.command("passkeys").description("Manage the passkeys of a staff account");
  const ofAccount = (name: string, description: string): Command =>
    passkeys
      .command(name)
      .description(description)
      .requiredOption("--tenant <slug>", "short name of the tenant")
      .requiredOption("--username <name>", "name that the user signs in with");

  ofAccount("list", "List the passkeys of an account").action(async (options: Named) =>
    print(await listCommand(settings(), options)),
  );
  ofAccount("remove", "Remove a passkey whose authenticator was lost, and end the user's sessions")
    .requiredOption("--id <id>", "id of the passkey")
    .action(async (options: Named & { readonly id: string }) =>
      print(await removeCommand(settings(), options)),
    );
}

/** Lists the passkeys of an account, one in each line. */
async function listCommand(settings: Settings, { tenant: slug, username }: Named): Promise<string> {
  const passkeys = await withKeys(settings, slug, ({ data, profiles, tenant }) =>
    listPasskeysByOperator({ pool: data, now: Date.now, profiles }, tenant, {
      account: { username },
      by: settings.operator,
    }),
  );
  if (passkeys.length === 0) return `${username} has no passkey.`;
  return passkeys
    .map(({ id, name, rpId, createdAtMs, lastUsedAtMs }) => {
      const used = lastUsedAtMs === null ? "never used" : `last used ${dayOf(lastUsedAtMs)}`;
      return `${id}  ${name ?? "(erased)"}  ${rpId}  added ${dayOf(createdAtMs)}, ${used}`;
    })
    .join("\n");
}

/** Removes a passkey of an account. */
async function removeCommand(
  settings: Settings,
  { tenant: slug, username, id }: Named & { readonly id: string },
): Promise<string> {
  if (!isId<PasskeyId>(id))
    throw new CommandError("--id is an id as `user passkeys list` shows it.");
  await withKeys(settings, slug, ({ data, profiles, tenant }) =>
    removePasskeyByOperator({ pool: data, now: Date.now, profiles }, tenant, {
      account: { username },
      passkey: id,
      by: settings.operator,
    }),
  );
  return `Removed the passkey and ended every session of ${username}.`;
}
