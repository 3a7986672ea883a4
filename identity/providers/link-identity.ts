import { appendEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { userNotFound, type IdentityError } from "../identity-error.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { endSessions } from "../tokens/end-sessions.ts";
import { identityIndexes } from "./identity-index.ts";
import { invalidProvider, noSuchProvider } from "./invalid-provider.ts";

/**
 * Links a staff account to a person of a provider, so that the person signs in to it. A link that it had
 * before is replaced. The sessions that an identity provider opened for the account end, because they may be
 * another person's. Running servers close their sockets.
 * @param subject the `sub` that the provider has for the person and this client
 * @returns how many sessions were ended
 * @throws IdentityError invalid_identity_provider, user_not_found
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
    readonly username: string;
    readonly subject: string;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: OperatorActor | undefined;
  },
): Promise<number> {
  const { tenant, provider, username, subject, nowMs, by = OPERATOR } = change;
  return asOwner(deps.ownerUrl, tenant, async (client) => {
    const found = await client.query<{ issuer: string }>(
      "select issuer from identity_providers where name = $1",
      [provider],
    );
    const [row] = found.rows;
    if (row === undefined) throw noSuchProvider(provider);
    const indexes = identityIndexes(deps.blindIndexKeys(), tenant, { ...row, subject });
    const [index] = indexes;
    const { rows } = await client.query<{ id: UserId }>(
      "update users set identity_index = $2 where username_index = any($1::bytea[]) returning id",
      [deps.profiles.usernameIndexes(tenant, username), index],
    );
    const [user] = rows;
    if (user === undefined) throw userNotFound();
    const others = await client.query(
      "select from users where identity_index = any($1::bytea[]) and id <> $2",
      [indexes, user.id],
    );
    if (others.rowCount !== 0) throw linkedElsewhere();
    const which = "s.user_id = $2 and s.method = 'oidc'";
    const { length: sessions } = await endSessions(client, which, [nowMs, user.id]);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      action: "user.link_identity",
      resource: { type: "user", id: user.id },
      subject: user.id,
      outcome: "success",
      details: { provider, sessions, identityDigest: digestOf(index) },
    });
    return sessions;
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw linkedElsewhere(cause);
  });
}

const linkedElsewhere = (cause?: unknown): IdentityError =>
  invalidProvider("Another account is linked to that person.", cause);
