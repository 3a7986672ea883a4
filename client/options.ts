import type { DeviceStore } from "../crypto/device/store.ts";
import type { Suite } from "../crypto/device/suite.ts";
import { invalidArgument } from "./arguments.ts";
import { SealdeskError } from "./errors.ts";
import type { Credentials } from "./http/session.ts";
import { resourceUrl } from "./http/transport.ts";
import { systemClock, type Runtime, type WebSocketConstructor } from "./runtime.ts";
import { defaultBackoff, type BackoffLimits } from "./transport/backoff.ts";
import { defaultKeepalive, type KeepaliveLimits } from "./transport/heartbeat.ts";

/** Witnesses of the key log. */
export interface KeyLogWitnesses {
  /** Their verifier keys (C2SP signed-note), which each witness prints. At most 16. */
  readonly keys: readonly string[];
  /** How many of them must have cosigned: from 1 to their number. */
  readonly quorum: number;
}

/** Options of a connection. */
export interface ConnectOptions {
  /** The server's public URL, for example `https://support.example`. */
  readonly url: string;
  readonly credentials: Credentials;
  /**
   * The cipher suite. `@sealdesk/suite-signal` has one for Node. Without a suite the device signs
   * in, but it is not registered and has no conversations: functions that need a suite throw
   * suite_required.
   */
  readonly suite?: Suite | undefined;
  /** This device's state; see `openStore`. `Sealdesk.close` closes it. */
  readonly store: DeviceStore;
  /**
   * The verifier key (C2SP signed-note) of the tenant's key log, as printed by `sealdesk audit vkey
   * --keys`. Without it, the device trusts the first key that the server shows.
   */
  readonly keyLog?: string;
  /**
   * The witnesses of the key log that you trust. The device uses no head of the log that fewer than
   * `quorum` of them cosigned (C2SP tlog-cosignature). Until they did, it admits no device that it
   * has not checked before. The server must name the witnesses in `AUDIT_WITNESSES`, with `all:`.
   * Pass `keyLog` with them: witnesses cosign any log, and only its key says which one is yours.
   */
  readonly keyLogWitnesses?: KeyLogWitnesses;
  /**
   * The key of the tenant's authority, which certifies staff, as printed by `sealdesk authority key`.
   * Without it, the device trusts the first key that the key log shows. It follows that key to others
   * that it hands over to.
   */
  readonly authority?: string;
  /**
   * The verifier keys of the people who may approve a restore of the server from a backup, as in
   * the server's `AUDIT_RESTORE_APPROVERS`. Two of them must approve it. Get the keys in a way that
   * you trust. Without them, the device accepts no restore: if the key log became shorter, it
   * reports `key_log_inconsistent`.
   */
  readonly restoreApprovers?: readonly string[];
  /**
   * Asked at each request of staff for its purpose of use: a code of HL7 such as `TREAT`, or one of your organisation's
   * own. Without it, reads for which the organisation demands a purpose are refused with `purpose_required`.
   */
  readonly purposeOfUse?: () => string | undefined;
  /** The global WebSocket by default. */
  readonly webSocket?: WebSocketConstructor;
  /** The delays before the device reconnects after a lost connection. */
  readonly backoff?: Partial<BackoffLimits>;
  /** The times after which a silent relay is asked for a sign of life and given up. */
  readonly keepalive?: Partial<KeepaliveLimits>;
  /** Time, randomness and `fetch`, for tests. */
  readonly runtime?: Partial<Omit<Runtime, "webSocket">>;
}

/**
 * @throws SealdeskError invalid_argument: there is no WebSocket; in Node, pass the one from
 *   `@sealdesk/client/node`
 */
export function runtimeOf({ runtime = {}, webSocket }: ConnectOptions): Runtime {
  const constructor = webSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (constructor === undefined)
    throw invalidArgument(
      "options.webSocket",
      "given here, as there is no global WebSocket: use the one of `@sealdesk/client/node`",
    );
  return {
    clock: systemClock,
    random: Math.random,
    fetch: (url, init) => globalThis.fetch(url, init),
    webSocket: constructor,
    ...runtime,
  };
}

export const linkLimitsOf = ({
  backoff = {},
  keepalive = {},
}: ConnectOptions): BackoffLimits & KeepaliveLimits => ({
  ...defaultBackoff,
  ...backoff,
  ...defaultKeepalive,
  ...keepalive,
});

/** Returns the relay's address, in the form that proofs name and as a WebSocket URL. */
export function relayUrls(baseUrl: string): { readonly http: string; readonly socket: string } {
  const http = resourceUrl(baseUrl, "v1/relay");
  return { http, socket: http.replace(/^http/, "ws") };
}

/** Returns the error of everything under way when the caller closes the connection. */
export const closedError = (): SealdeskError =>
  new SealdeskError("closed", "The connection was closed.");

export const suiteRequired = (): SealdeskError =>
  new SealdeskError("suite_required", "This needs a cipher suite: pass `suite` to `connect`.");
