import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import type { PasskeyId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { VERIFIED, type VerifiedAccount } from "../second-factor/verified-account.ts";
import { unlockApp } from "../second-factor/unlock-app.ts";
import { answerOnce, type Asker, type Challenge, type PasskeyChallenges } from "./challenges.ts";
import { webAuthn } from "./web-authn.ts";

export interface PasskeyDeps {
  readonly pool: Pool;
  readonly challenges: PasskeyChallenges;
}

/** What an authenticator signed: AuthenticationResponseJSON (Web Authentication Level 3 section 5.1). */
export interface PasskeyAssertion {
  /** Of the credential, base64url. */
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
  };
}

/** It, and the seed of the challenge that it signed. */
export interface PasskeyAnswer {
  readonly seed: string;
  readonly response: PasskeyAssertion;
}

/** Why an answer proves nothing. It is for the audit log. */
export type PasskeyFailure =
  | "passkey_challenge" // it was given to another key or page, or is too old
  | "passkey_unknown"
  | "passkey_refused" // signature, origin, RP ID, user verification or counter
  | "passkey_replayed";

interface ProvenPasskey {
  readonly user: UserId;
  readonly verified: VerifiedAccount;
}

interface PasskeyRow extends VerifiedAccount {
  readonly id: PasskeyId;
  readonly user: UserId;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  readonly counter: number;
}

/**
 * Verifies the answer of a passkey (Web Authentication Level 3 section 7.2). The person was verified by the
 * authenticator, the answer is to a challenge of this device key on this page, and serves once. A counter that does
 * not grow is refused, because the authenticator may have been copied.
 * @param given.user whose passkey it must be; undefined for anybody's of the tenant
 * @param nowMs milliseconds since the Unix epoch
 * @returns `verified` is what the account had when the passkey was read. A change since then must end the sign-in
 */
export async function provePasskey(
  { pool, challenges }: PasskeyDeps,
  given: {
    readonly tenant: TenantId;
    readonly user?: UserId | undefined;
    readonly answer: PasskeyAnswer;
    readonly asker: Asker;
  },
  nowMs: number,
): Promise<ProvenPasskey | { readonly failure: PasskeyFailure }> {
  const { tenant, answer, asker } = given;
  const challenge = await challenges.verify(answer.seed, asker, undefined, nowMs);
  if (challenge === undefined) return { failure: "passkey_challenge" };
  const passkey = await inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<PasskeyRow>(
      `select k.id, k.user_id as user, k.public_key as "publicKey", k.rp_id as "rpId", k.counter, ${VERIFIED}
       from passkeys k join users u on u.id = k.user_id where k.credential_id = $1`,
      [fromBase64Url(answer.response.id)],
    );
    return rows[0];
  });
  if (passkey === undefined || (given.user ?? passkey.user) !== passkey.user)
    return { failure: "passkey_unknown" };
  const verified = await verify(answer.response, passkey, challenge);
  if (verified === undefined) return { failure: "passkey_refused" };
  const isFirst = await inTransaction(pool, tenant, async (client) => {
    if (!(await answerOnce(client, tenant, challenge))) return false;
    // Whoever removes factors locks the app before the passkeys, too.
    await unlockApp(client, passkey.user);
    const { rowCount } = await client.query(
      `update passkeys set counter = $2, is_backed_up = $3, last_used_at_ms = $4
       where id = $1 and counter = $5`,
      [passkey.id, verified.newCounter, verified.credentialBackedUp, nowMs, passkey.counter],
    );
    return rowCount === 1;
  });
  const { user, passwordHash, factors } = passkey;
  return isFirst ? { user, verified: { passwordHash, factors } } : { failure: "passkey_replayed" };
}

async function verify(
  response: PasskeyAssertion,
  { publicKey, rpId, counter }: PasskeyRow,
  { challenge, origin }: Challenge,
) {
  const { verifyAuthenticationResponse } = await webAuthn();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: { id: response.id, publicKey: new Uint8Array(publicKey), counter },
    });
    return verified ? authenticationInfo : undefined;
  } catch {
    // The library throws plain errors for everything that is wrong with an answer.
    return undefined;
  }
}
