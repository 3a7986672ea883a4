import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Secret } from "../../keys/secret.ts";
import { authorised, type Administrator } from "../accounts/administrator.ts";
import type { StaffName } from "../accounts/find-staff.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { lockStaff } from "../directory/lock-account.ts";
import type { IdentityError } from "../identity-error.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { leaveDirectoryTeams } from "../teams/follow-groups.ts";
import { endSessions } from "../tokens/end-sessions.ts";
import { identityIndexes } from "./identity-index.ts";
import { invalidProvider, noSuchProvider } from "./invalid-provider.ts";

/**
 * Links a staff account to a person of a provider, so that the person signs in to it. A link that it had
 * before is replaced. The sessions that an identity provider opened for the account end, because they may be
 * another person's. Running servers close their sockets. For the same reason, the account leaves the teams that groups gave it.
 * @param subject the `sub` that the provider has for the person and this client
 * @returns how many sessions were ended
 * @throws IdentityError invalid_identity_provider: another account is linked to the person;
 *   identity_provider_not_found, user_not_found; those of `by.authorise`
 */
export async function linkIdentity(
  deps: {
    readonly ownerUrl: string;
    readonly profiles: Pick<Profiles, "usernameIndexes">;
    readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  },
  change: {
    readonly tenant: TenantId;
    readonly provider: string;
    readonly account: StaffName;
    readonly subject: string;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<number> {
  const { tenant, provider, account, subject, nowMs, by } = change;
  return asOwner(deps.ownerUrl, tenant, async (client) => {
    const who = await authorised(client, by);
    const found = await client.query<{ issuer: string }>(
      "select issuer from identity_providers where name = $1",
      [provider],
    );
    const [row] = found.rows;
    if (row === undefined) throw noSuchProvider(provider);
    const indexes = identityIndexes(deps.blindIndexKeys(), tenant, { ...row, subject });
    const [index] = indexes;
    const user = await lockStaff(client, deps.profiles, tenant, account);
    await client.query("update users set identity_index = $2 where id = $1", [user, index]);
    const others = await client.query(
      "select from users where identity_index = any($1::bytea[]) and id <> $2",
      [indexes, user],
    );
    if (others.rowCount !== 0) throw linkedElsewhere();
    const which = "s.user_id = $2 and s.method = 'oidc'";
    const { length: sessions } = await endSessions(client, which, [nowMs, user]);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      ...who,
      action: "user.link_identity",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { provider, sessions, identityDigest: digestOf(index) },
    });
    await leaveDirectoryTeams(client, { ...who, tenant, user, occurredAtMs: nowMs });
    return sessions;
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw linkedElsewhere(cause);
  });
}

const linkedElsewhere = (cause?: unknown): IdentityError =>
  invalidProvider("Another account is linked to that person.", cause);
