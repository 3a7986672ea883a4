import type { Hello, Limits } from "../../crypto/wire/frame.ts";
import { wireLimits } from "../../crypto/wire/frame.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Followed, FollowedPage } from "../../messaging/follow/visible-ranges.ts";
import type { Actor } from "../../policies/actor.ts";
import { relayLimits } from "../limits.ts";

export const PROTOCOL_VERSION = 1;

/** A hello, and the origin of the web page that sent it, if that is not the server's own. */
export interface ReceivedHello {
  readonly hello: Hello;
  readonly origin: string | undefined;
}

/** The user and device that have authenticated on the socket. */
export interface AuthenticatedHello {
  readonly actor: Actor & { readonly device: DeviceId };
  readonly limits: Limits;
  /**
   * The time when the device was welcomed, in microseconds of the database's clock. The latest one
   * of a device's sockets stays.
   */
  readonly sinceMicros: number;
  /** The number of milliseconds for which the access token remains valid. */
  readonly tokenServesMs: number;
  /** The highest store generation that the device had said before; 0 for none. */
  readonly lastGeneration: number;
}

export interface HandshakeSteps {
  /** Checks the token and the proof. Throws an error with a `code`. */
  readonly authenticate: (received: ReceivedHello) => Promise<AuthenticatedHello>;
  /**
   * Returns a page of what the device may follow, as committed now. A page of less than
   * `FOLLOWED_PER_PAGE` is the last one.
   */
  readonly followed: (
    actor: AuthenticatedHello["actor"],
    page: FollowedPage,
  ) => Promise<readonly Followed[]>;
}

export function limitsFor(tenant: {
  readonly keyMaxMessages: number;
  readonly keyMaxAgeMs: number;
  readonly revisionMs: number;
}): Limits {
  return {
    maxCiphertextBytes: wireLimits.ciphertext,
    maxFrameBytes: wireLimits.frame,
    window: relayLimits.unacknowledged,
    keyMaxMessages: tenant.keyMaxMessages,
    keyMaxAgeMs: tenant.keyMaxAgeMs,
    revisionMs: tenant.revisionMs,
  };
}
