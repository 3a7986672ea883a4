import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { userNotFound } from "../identity-error.ts";
import type { Profiles } from "./profiles.ts";

/** Names an account of staff. */
export type StaffName = { readonly username: string } | { readonly user: UserId };

/**
 * Returns the id of an account of staff. Customers have no user name and are never found. The transaction must be
 * fenced to the tenant.
 * @throws IdentityError user_not_found
 */
export async function findStaff(
  client: Client,
  profiles: Pick<Profiles, "usernameIndexes">,
  tenant: TenantId,
  account: StaffName,
): Promise<UserId> {
  const { rows } =
    "user" in account
      ? await client.query<{ id: UserId }>(
          "select id from users where id = $1 and username_index is not null",
          [account.user],
        )
      : await client.query<{ id: UserId }>(
          "select id from users where username_index = any($1::bytea[])",
          [profiles.usernameIndexes(tenant, account.username)],
        );
  const [found] = rows;
  if (found === undefined) throw userNotFound();
  return found.id;
}
