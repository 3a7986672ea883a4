import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** How many sessions and devices an account has had, and how many fields of the audit log are about its person. */
export interface AccountCounts {
  readonly sessions: number;
  readonly devices: number;
  readonly auditFields: number;
}

export async function countAccount(client: Client, subject: UserId): Promise<AccountCounts> {
  const { rows } = await client.query<AccountCounts>(
    `select (select count(*) from sessions where user_id = $1)::integer as sessions,
       (select count(*) from devices where user_id = $1)::integer as devices,
       (select count(*) from audit.personal_fields where tenant = sealdesk.current_tenant()
         and subject = $1)::integer as "auditFields"`,
    [subject],
  );
  return rows[0] ?? { sessions: 0, devices: 0, auditFields: 0 };
}
