import { runFor } from "../../db/fairness/requester.ts";
import type { Pool } from "../../db/pool.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import type { Authenticator } from "../../identity/tokens/authenticate.ts";
import { admitDevice } from "../../messaging/follow/admit-device.ts";
import type { MessagingDeps } from "../../messaging/members/facts.ts";
import { reconcileDevices } from "../../messaging/members/reconcile-devices.ts";
import { RELAY_PATH } from "./attach-relay.ts";
import type { CloseReason } from "./close-codes.ts";
import { limitsFor, type AuthenticatedHello, type ReceivedHello } from "./handshake.ts";
import { relayLimits } from "../limits.ts";

interface Deps {
  readonly authenticator: Authenticator;
  readonly pool: Pool;
  readonly publicUrl: string;
  readonly messaging: MessagingDeps;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Authenticates a hello with the same check as HTTP, as if the device had requested the relay's
 * path.
 * @throws IdentityError of the authentication, device_required
 */
export async function authenticateHello(
  { authenticator, pool, publicUrl, messaging, now }: Deps,
  { hello, origin }: ReceivedHello,
): Promise<AuthenticatedHello> {
  const { actor, tokenExpiresAtMs } = await authenticator.identify({
    token: hello.accessToken,
    proof: hello.deviceProof,
    method: "GET",
    url: publicUrl + RELAY_PATH,
    origin,
    nowMs: now(),
  });
  const { device } = actor;
  if (device === undefined)
    throw new IdentityError("device_required", "Register this device before it connects.");
  const limits = await runFor({ tenant: actor.tenant, account: actor.user }, async () => {
    // The periodic task and the next hello continue where this one stops.
    await reconcileDevices(messaging, actor, AbortSignal.timeout(relayLimits.reconcileMs));
    return admitDevice({ pool, now }, { ...actor, device }, hello.generation);
  });
  return {
    actor: { ...actor, device },
    limits: limitsFor(limits),
    sinceMicros: limits.sinceMicros,
    lastGeneration: limits.lastGeneration,
    tokenServesMs: Math.max(0, tokenExpiresAtMs - now()),
  };
}

/**
 * The reason for which a socket is closed if its hello is refused with `error`. Only an `IdentityError`
 * says something about the device. A key service or a database that fails passes.
 */
export function closeReasonOf(error: unknown): CloseReason {
  if (!(error instanceof IdentityError)) return "try_again";
  switch (error.code) {
    case "token_expired":
      return "token_expired";
    case "device_required":
    case "device_revoked":
      return "device_refused";
    case "tenant_suspended":
      return "tenant_suspended";
    case "session_idle":
      return "session_idle";
    case "overloaded":
      return "try_again";
    default:
      return "unauthenticated";
  }
}
