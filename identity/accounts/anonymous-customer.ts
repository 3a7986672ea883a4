import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Client } from "../../db/pool.ts";
import {
  decideIdentification,
  type AnonymousFacts,
  type IdentificationFacts,
} from "../../policies/anonymous-customers.ts";
import { staffRoles } from "../../policies/roles.ts";
import { IdentityError } from "../identity-error.ts";

/** The account of a device key. */
export interface KeyHolder {
  readonly user: UserId;
  readonly key: Exclude<AnonymousFacts["key"], "of_nobody">;
}

const HOLDER = `
  select u.id as user,
    case when u.anonymous_key = $1 and u.subject_index is null and not u.role = any($2::text[]) then 'of_anonymous' else 'of_known' end as key
  from users u
  where u.anonymous_key = $1 or u.id = (select user_id from devices where device_key = $1)
  order by u.anonymous_key is not distinct from $1 desc limit 1`;

/**
 * Returns the account that a device key began as an anonymous one, or that it is registered for. An account of staff is
 * always "of_known". Call it in a transaction of the tenant.
 * @param deviceKey Ed25519, 32 bytes
 */
export async function findKeyHolder(
  client: Client,
  deviceKey: Uint8Array,
): Promise<KeyHolder | undefined> {
  const { rows } = await client.query<KeyHolder>(HOLDER, [deviceKey, staffRoles]);
  return rows[0];
}

/**
 * Creates the anonymous account of a device key, unless another sign-in of it was faster.
 * @param account.nowMs milliseconds since the Unix epoch
 * @returns whether it was created
 */
export async function createAnonymous(
  client: Client,
  account: {
    readonly tenant: TenantId;
    readonly newId: UserId;
    readonly deviceKey: Uint8Array;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into users (id, tenant, anonymous_key, created_at_ms)
     values ($1, $2, $3, $4) on conflict (tenant, anonymous_key) do nothing`,
    [account.newId, account.tenant, account.deviceKey, account.nowMs],
  );
  return rowCount === 1;
}

/**
 * Makes an anonymous account that of the customer whom a token names. A repeat changes nothing.
 * @returns whether this changed it
 * @throws IdentityError customer_exists: the customer has another account
 */
export async function identifyCustomer(
  client: Client,
  user: UserId,
  subjectIndex: Uint8Array,
): Promise<boolean> {
  try {
    const { rows } = await client.query<{ identified: boolean }>(
      "select sealdesk.identify_customer($1, $2) as identified",
      [user, subjectIndex],
    );
    if (rows[0]?.identified === true) return true;
    // A statement of its own, so that it sees what was committed while this waited for the row.
    const theirs = await client.query("select from users where id = $1 and subject_index = $2", [
      user,
      subjectIndex,
    ]);
    assertIdentifies({ hasAccount: theirs.rowCount !== 1 });
    return false;
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) assertIdentifies({ hasAccount: true });
    throw error;
  }
}

/** @throws IdentityError customer_exists */
export function assertIdentifies(facts: IdentificationFacts): void {
  const { allowed, reasons } = decideIdentification(facts);
  if (!allowed)
    throw new IdentityError(
      "customer_exists",
      "The customer has an account already. Connect with a fresh store, which makes a new device of that account. The anonymous conversation stays with this device.",
      { reasons },
    );
}
