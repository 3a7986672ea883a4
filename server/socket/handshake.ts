import type { Hello, Limits } from "../../crypto/wire/frame.ts";
import { wireLimits } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Followed } from "../../messaging/follow/visible-ranges.ts";
import type { Actor } from "../../policies/actor.ts";

export const PROTOCOL_VERSION = 1;
/** Deliveries on their way to one connection and not acknowledged; more wait in the database. */
export const WINDOW = 256;
export const MAX_CIPHERTEXT_BYTES = 64 * 1024;

/** Who is on the socket. */
export interface Greeting {
  readonly actor: Actor & { readonly device: Uuid };
  readonly limits: Limits;
  /** When it was let in, by the database's clock: of a device's sockets the latest stays. Microseconds. */
  readonly since: number;
  /** For how many milliseconds the access token will serve still. */
  readonly tokenServesMs: number;
}

export interface HandshakeSteps {
  /** Checks token and proof. Throws an error with a `code`. */
  readonly authenticate: (hello: Hello) => Promise<Greeting>;
  /** What the device may follow, as committed now. */
  readonly followed: (actor: Greeting["actor"]) => Promise<readonly Followed[]>;
}

export function limitsFor(tenant: {
  readonly keyMaxMessages: number;
  readonly keyMaxAgeMs: number;
}): Limits {
  return {
    maxCiphertextBytes: MAX_CIPHERTEXT_BYTES,
    maxFrameBytes: wireLimits.frame,
    window: WINDOW,
    keyMaxMessages: tenant.keyMaxMessages,
    keyMaxAgeMs: tenant.keyMaxAgeMs,
  };
}
