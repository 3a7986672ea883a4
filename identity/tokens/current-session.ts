import { audited, type UseCase } from "../audited.ts";
import type { AccessTokens } from "./access-token.ts";
import type { Authenticated } from "./authenticate.ts";
import type { Disconnect } from "./disconnect.ts";

/**
 * Issues a new access token for the session of `who`. The token never outlives the session. `who`
 * must come from `identify`, which checked the session and its device.
 */
export async function renewSession(
  deps: UseCase & { readonly accessTokens: AccessTokens },
  who: Authenticated,
): Promise<{ readonly accessToken: string; readonly expiresAtMs: number }> {
  const { actor, thumbprint, sessionExpiresAtMs } = who;
  return audited(
    deps,
    actor,
    {
      action: "session.renew",
      resource: { type: "session", id: actor.session },
      isRepeatable: true,
    },
    () => deps.accessTokens.issue({ ...actor, thumbprint }, deps.now(), sessionExpiresAtMs),
  );
}

/** Ends the session. Its tokens are no longer accepted, and its connections are closed. */
export async function closeSession(
  deps: UseCase & { readonly disconnect: Disconnect },
  { actor }: Authenticated,
): Promise<void> {
  await audited(
    deps,
    actor,
    { action: "session.revoke", resource: { type: "session", id: actor.session } },
    (client) =>
      client.query(
        "update sessions set revoked_at_ms = $2 where id = $1 and revoked_at_ms is null",
        [actor.session, deps.now()],
      ),
  );
  const { tenant, device, session } = actor;
  if (device !== undefined) deps.disconnect({ tenant, device, session });
}
