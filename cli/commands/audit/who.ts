import { onOneLine } from "../../../audit/export/entry-text.ts";
import { isId, type UserId } from "../../../crypto/wire/ids.ts";
import {
  MOST_NAMES,
  readNamesAsOperator,
  type AccountNames,
} from "../../../identity/audit-log/account-names.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

/** Prints the names of the accounts that the audit log shows as ids, one account on each line. */
export async function whoCommand(
  settings: Settings,
  ids: readonly string[],
  { tenant }: { readonly tenant: string },
): Promise<string> {
  const accounts = ids.map(accountOf);
  const named = await namesFor(settings, tenant, accounts);
  return accounts
    .map((id) => {
      const account = named.get(id);
      return account === undefined
        ? `${id}  no account of this tenant`
        : `${id}  ${account.role}  ${namesText(account)}`;
    })
    .join("\n");
}

/** Returns the accounts of a tenant among `ids` with their names. The audit log records it. */
export async function namesFor(
  settings: Settings,
  slug: string,
  ids: readonly UserId[],
): Promise<ReadonlyMap<UserId, AccountNames>> {
  return withKeys(settings, slug, async ({ data, profiles, tenant }) => {
    const deps = { pool: data, now: Date.now, profiles };
    const named = new Map<UserId, AccountNames>();
    for (let from = 0; from < ids.length; from += MOST_NAMES) {
      const some = ids.slice(from, from + MOST_NAMES);
      for (const each of await readNamesAsOperator(deps, tenant, some, settings.operator))
        named.set(each.id, each);
    }
    return named;
  });
}

/** Returns the names of an account on one line. They are JSON strings, which cannot end the line. */
export function namesText({ username, displayName }: AccountNames): string {
  if (username === null && displayName === null) return "has no name, or was erased";
  return [username, displayName].map((name) => onOneLine(JSON.stringify(name))).join("  ");
}

function accountOf(id: string): UserId {
  if (!isId<UserId>(id))
    throw new CommandError("Give the ids of accounts, as the audit log shows them.");
  return id;
}
