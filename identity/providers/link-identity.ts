import { appendEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { asOwner } from "../../db/as-owner.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Profiles } from "../accounts/profiles.ts";
import { IdentityError } from "../identity-error.ts";
import { identityIndexes } from "./identity-index.ts";
import { invalidProvider, noSuchProvider } from "./invalid-provider.ts";

/**
 * Links a staff account to a person of a provider, so that the person signs in to it. A link that it had
 * before is replaced.
 * @param subject the `sub` that the provider has for the person and this client
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
): Promise<void> {
  const { tenant, provider, username, subject, nowMs, by = OPERATOR } = change;
  await asOwner(deps.ownerUrl, tenant, async (client) => {
    const found = await client.query<{ issuer: string }>(
      "select issuer from identity_providers where name = $1",
      [provider],
    );
    const [row] = found.rows;
    if (row === undefined) throw noSuchProvider(provider);
    const [index] = identityIndexes(deps.blindIndexKeys(), tenant, { ...row, subject });
    const { rows } = await client.query<{ id: UserId }>(
      "update users set identity_index = $2 where username_index = any($1::bytea[]) returning id",
      [deps.profiles.usernameIndexes(tenant, username), index],
    );
    const [user] = rows;
    if (user === undefined) throw new IdentityError("user_not_found", "There is no such user.");
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      action: "user.link_identity",
      resource: { type: "user", id: user.id },
      subject: user.id,
      outcome: "success",
      details: { provider },
    });
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw invalidProvider("Another account is linked to that person.", cause);
  });
}
