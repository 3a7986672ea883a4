import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { IdentityError } from "../identity-error.ts";

/** The names of an account of staff. */
export interface AccountNames {
  readonly username: string;
  /** The name that others see. */
  readonly displayName: string;
}

/** How many people of one tenant may have the same user name at a provider. */
const MOST_OF_A_NAME = 50;

/**
 * Returns the names that the account of a provider's person gets. A number is added to a user name that another
 * account has, because a provider does not know the tenant's other accounts. The transaction must be fenced to the
 * tenant.
 * @param wanted as the provider says
 * @param present the user name that the account has now. It stays if it is the wanted one, perhaps with a number
 * @throws IdentityError username_taken
 */
export async function accountNames(
  profiles: Pick<Profiles, "usernameIndexes">,
  client: Client,
  account: { readonly tenant: TenantId; readonly user: UserId },
  wanted: { readonly username: string; readonly displayName: string | undefined },
  present?: string,
): Promise<AccountNames> {
  const named = (username: string) => ({
    username,
    displayName: wanted.displayName ?? username,
  });
  if (present !== undefined && isOf(present, wanted.username)) return named(present);
  for (let number = 1; number <= MOST_OF_A_NAME; number++) {
    const username = number === 1 ? wanted.username : `${wanted.username}-${number}`;
    if (!(await isTaken(profiles, client, account, username))) return named(username);
  }
  throw new IdentityError("username_taken", "Too many accounts of this tenant have that name.");
}

/** Returns whether an account that wants a name has it, perhaps with a number behind it. */
const isOf = (username: string, wanted: string): boolean =>
  username === wanted ||
  (username.startsWith(`${wanted}-`) && /^\d+$/.test(username.slice(wanted.length + 1)));

async function isTaken(
  profiles: Pick<Profiles, "usernameIndexes">,
  client: Client,
  { tenant, user }: { readonly tenant: TenantId; readonly user: UserId },
  username: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from users where username_index = any($1::bytea[]) and id <> $2",
    [profiles.usernameIndexes(tenant, username), user],
  );
  return rowCount !== 0;
}
