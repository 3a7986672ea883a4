import { appendEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Role, StaffRole } from "../../policies/actor.ts";
import { IdentityError } from "../identity-error.ts";
import type { Profiles } from "./profiles.ts";

/**
 * Gives a staff account another role. Running servers close its sockets. The application may not do
 * this, so it connects as the owner of the database. A repeat changes nothing and is audited.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError user_not_found; KeysError kms_...
 */
export async function setRole(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  change: {
    readonly tenant: TenantId;
    readonly username: string;
    readonly role: StaffRole;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: OperatorActor | undefined;
  },
): Promise<void> {
  const { tenant, username, role, nowMs, by = OPERATOR } = change;
  await asOwner(ownerUrl, tenant, async (client) => {
    const { rows } = await client.query<{ id: UserId; role: Role }>(
      "select id, role from users where username_index = any($1::bytea[]) for update",
      [profiles.usernameIndexes(tenant, username)],
    );
    const [user] = rows;
    if (user === undefined) throw new IdentityError("user_not_found", "There is no such user.");
    await client.query("update users set role = $2 where id = $1", [user.id, role]);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      action: "user.set_role",
      resource: { type: "user", id: user.id },
      subject: user.id,
      outcome: "success",
      details: { role, before: user.role },
    });
  });
}
