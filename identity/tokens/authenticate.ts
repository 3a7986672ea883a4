import type { Pool } from "../../db/pool.ts";
import { batchRead } from "../../db/batch-read.ts";
import { runFor } from "../../db/fairness/requester.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { FairShares, type ShareLimits } from "../../policies/fair-shares.ts";
import { decideIdle } from "../../policies/idle-log-off.ts";
import { isNewDevice } from "../../policies/anomalies.ts";
import type { PurposeSetting } from "../../policies/purpose-of-use.ts";
import type { AssuranceLevel } from "../../policies/sign-in-facts.ts";
import { decideSessionUse } from "../../policies/second-factor.ts";
import { assertServes } from "../accounts/assert-serves.ts";
import { subjectErased } from "../accounts/assert-not-erased.ts";
import { IdentityError } from "../identity-error.ts";
import { Policies } from "../policy/policies.ts";
import type { AccessClaims, AccessTokens } from "./access-token.ts";
import { verifyProof } from "./device-proof.ts";
import { recordForeignProof } from "./record-foreign-proof.ts";
import type { UsedProofs } from "./replay-cache.ts";

export interface AuthenticationRequest {
  readonly token: string;
  readonly proof: string;
  readonly method: string;
  /** Absolute URL. Build it from the public URL, never from the Host header. */
  readonly url: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** The origin of the web page that sends the request, if it is not the server's own. */
  readonly origin?: string | undefined;
  /** Accepts a token that expired up to this long ago. Use it for renewal only. */
  readonly graceMs?: number | undefined;
  /** Admits an account that must have a second factor and has none, so that it can enrol one. */
  readonly isForEnrolment?: boolean | undefined;
}

/** The sender of a request, and the device key that signed its proof. */
export interface Authenticated {
  readonly actor: Actor;
  /** Ed25519, 32 bytes. */
  readonly deviceKey: Uint8Array;
  readonly thumbprint: string;
  readonly tokenExpiresAtMs: number;
  readonly sessionExpiresAtMs: number;
}

export interface Authenticator {
  /**
   * @throws IdentityError invalid_proof, proof_reused, invalid_token, token_expired, session_revoked, subject_erased,
   *   session_idle, device_revoked, tenant_suspended, origin_not_allowed, second_factor_enrolment_required, overloaded
   */
  authenticate(request: AuthenticationRequest): Promise<Actor>;
  /** Like `authenticate`, and also returns the key that signed the proof. */
  identify(request: AuthenticationRequest): Promise<Authenticated>;
}

const SESSION = `
  select s.method, s.assurance, s.sign_in_velocity, s.accounts_on_network, s.factor_at_ms, u.role = any(t.second_factor_roles) as needs_factor, s.expires_at_ms, s.revoked_at_ms, s.was_idle, u.role,
    u.fenced_at_ms, s.acted_at_ms, t.idle_log_off_minutes, sealdesk.database_now_ms() as database_now_ms,
    d.id as device, d.created_at_ms as device_created_at_ms, d.revoked_at_ms as device_revoked_at_ms, t.suspended_at_ms, t.origins,
    t.purpose_reads, t.purpose_codes,
    s.method = 'anonymous' and not t.anonymous_customers as forbidden,
    sealdesk.policy_version() as policy_version
  from sessions s
  join tenants t on t.id = s.tenant
  join users u on u.id = s.user_id
  left join devices d on d.tenant = s.tenant and d.user_id = s.user_id and d.device_key = $3
  where s.id = $1 and s.user_id = $2`;

interface SessionRow {
  readonly method: string;
  readonly assurance: AssuranceLevel;
  readonly sign_in_velocity: number;
  readonly accounts_on_network: number;
  readonly device_created_at_ms: number | null;
  readonly factor_at_ms: number | null;
  readonly needs_factor: boolean;
  readonly expires_at_ms: number;
  readonly revoked_at_ms: number | null;
  readonly was_idle: boolean;
  readonly acted_at_ms: number | null;
  readonly idle_log_off_minutes: number | null;
  readonly database_now_ms: number;
  readonly role: Role;
  readonly fenced_at_ms: number | null;
  readonly device: DeviceId | null;
  readonly device_revoked_at_ms: number | null;
  readonly suspended_at_ms: number | null;
  readonly origins: readonly string[];
  readonly purpose_reads: PurposeSetting["reads"];
  readonly purpose_codes: PurposeSetting["codes"];
  /** It was opened without a customer token, which the tenant does not allow any more. */
  readonly forbidden: boolean;
  /** The version of the tenant's policy that is in force. */
  readonly policy_version: number;
}

/** Requests whose session is being read at the same time. */
const READING: ShareLimits = { node: 20_000, tenant: 5_000, account: 200 };

/**
 * Creates the check that turns an access token and a device proof into an actor. HTTP and the relay
 * use the same check.
 */
export function createAuthenticator(deps: {
  readonly pool: Pool;
  readonly accessTokens: AccessTokens;
  readonly replays: UsedProofs;
}): Authenticator {
  const { pool, accessTokens, replays } = deps;
  const reading = new FairShares(READING);
  const policies = new Policies();

  async function inShare<T>({ tenant, user }: AccessClaims, work: () => Promise<T>): Promise<T> {
    const holder = { tenant, account: user };
    if (reading.take(holder) !== undefined)
      throw new IdentityError("overloaded", "Your requests at the same time are too many.");
    try {
      return await runFor(holder, work);
    } finally {
      reading.release(holder);
    }
  }

  const readSession = (claims: AccessClaims, deviceKey: Uint8Array) =>
    inShare(claims, async () => {
      const { tenant, user, session } = claims;
      return batchRead(pool, tenant, async (client) => {
        const { rows } = await client.query<SessionRow>(SESSION, [session, user, deviceKey]);
        const [row] = rows;
        return row && { ...row, policy: await policies.of(client, tenant, row.policy_version) };
      });
    });

  async function identify(request: AuthenticationRequest): Promise<Authenticated> {
    const { token, nowMs } = request;
    const key = await verifyProof(request);
    const claims = await accessTokens.verify(token, nowMs, request.graceMs);
    if (claims.thumbprint !== key.thumbprint) {
      await inShare(claims, () => recordForeignProof(pool, claims, nowMs));
      throw new IdentityError("invalid_token", "The access token belongs to another device key.");
    }
    // This comes after the token check, so that a sender without a token cannot fill the memory of
    // used proofs. An account has one share of it for all its devices and sessions.
    await replays.use(key.replayKey, nowMs, { tenant: claims.tenant, account: claims.user });
    const session = usable(await readSession(claims, key.deviceKey), nowMs, request.origin);
    if (request.isForEnrolment !== true) assertFactor(session);
    return {
      actor: {
        tenant: claims.tenant,
        user: claims.user,
        role: session.role,
        policy: session.policy,
        device: session.device ?? undefined,
        session: claims.session,
        method: session.method,
        purposeSetting: { reads: session.purpose_reads, codes: session.purpose_codes },
        signIn: {
          assurance: session.assurance,
          anonymous: session.method === "anonymous",
          newDevice: isNewDevice(session.device_created_at_ms, nowMs),
          signInVelocity: session.sign_in_velocity,
          accountsOnNetwork: session.accounts_on_network,
        },
      },
      deviceKey: key.deviceKey,
      thumbprint: key.thumbprint,
      tokenExpiresAtMs: claims.expiresAtMs,
      sessionExpiresAtMs: session.expires_at_ms,
    };
  }

  return { identify, authenticate: async (request) => (await identify(request)).actor };
}

/** @throws IdentityError second_factor_enrolment_required */
function assertFactor({ method, needs_factor: isRequired, factor_at_ms: factorAtMs }: SessionRow) {
  const { allowed, reasons } = decideSessionUse({ method, isRequired, factorAtMs });
  if (!allowed)
    throw new IdentityError(
      "second_factor_enrolment_required",
      "Your role needs a second factor. Enrol an authenticator app (POST /v1/account/totp) or add a passkey first.",
      { reasons },
    );
}

/** A session is over at once. The next search ends it, and closes its connections. */
function isIdle(row: SessionRow): boolean {
  const { acted_at_ms: actedAtMs, idle_log_off_minutes: idleMinutes } = row;
  if (row.revoked_at_ms !== null) return row.was_idle;
  return !decideIdle({ actedAtMs, idleMinutes }, row.database_now_ms).allowed;
}

function usable<R extends SessionRow>(
  row: R | undefined,
  nowMs: number,
  origin: string | undefined,
): R {
  if (row !== undefined && row.fenced_at_ms !== null) throw subjectErased();
  if (row !== undefined && isIdle(row))
    throw new IdentityError(
      "session_idle",
      "Nobody used this session for too long, so it is over. Sign in again.",
    );
  if (
    row === undefined ||
    row.revoked_at_ms !== null ||
    row.forbidden ||
    row.expires_at_ms <= nowMs
  )
    throw new IdentityError("session_revoked", "This session is over; sign in again.");
  assertServes({ origins: row.origins, suspendedAtMs: row.suspended_at_ms }, origin);
  if (row.device_revoked_at_ms !== null)
    throw new IdentityError("device_revoked", "This device was removed from its account.");
  return row;
}
