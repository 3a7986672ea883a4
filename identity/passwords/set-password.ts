import { appendEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { lockStaff } from "../directory/lock-account.ts";
import { endSessionsOf } from "../tokens/end-sessions.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { hashPassword } from "./password-hash.ts";

/**
 * Gives a staff account another password and ends all its sessions. Running servers close its sockets. It
 * connects as the owner of the database, so it also gives a password to an account that has none.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns how many sessions ended
 * @throws IdentityError user_not_found, weak_password, password_too_common; KeysError kms_...
 */
export async function setPassword(
  ownerUrl: string,
  profiles: Pick<Profiles, "usernameIndexes">,
  change: {
    readonly tenant: TenantId;
    readonly slug: string;
    readonly username: string;
    readonly password: Secret<string>;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: OperatorActor | undefined;
  },
): Promise<number> {
  const { tenant, slug, username, nowMs, by = OPERATOR } = change;
  const hash = await hashPassword(change.password, [username, slug]);
  return asOwner(ownerUrl, tenant, async (client) => {
    const user = await lockStaff(client, profiles, tenant, { username });
    await client.query("update users set password_hash = $2 where id = $1", [user, hash]);
    await client.query("delete from password_resets where user_id = $1", [user]);
    const ended = await endSessionsOf(client, user, nowMs);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      action: "user.set_password",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { sessions: ended.length, passwordDigest: digestOf(hash) },
    });
    return ended.length;
  });
}
