import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import type { NewId, PasskeyId } from "../../crypto/wire/ids.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials } from "../../policies/credentials.ts";
import { assertAllowedOnDevice, auditDone, auditRefusals } from "../audited.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import { assertPassword, type PasswordDeps } from "../passwords/change-password.ts";
import { assertOwnCredentials, readPasswordAccount } from "../passwords/password-account.ts";
import { passkeyDigest } from "../reconcile/digest-of.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import { hasFactor } from "../second-factor/has-factor.ts";
import { disconnectEnded, endSessionsOf } from "../tokens/end-sessions.ts";
import { answerOnce, type Asker, type PasskeyChallenges } from "./challenges.ts";
import { webAuthn } from "./web-authn.ts";

/** EdDSA, ES256 and RS256 (RFC 9053): every authenticator has one of them. */
const ALGORITHMS = [-8, -7, -257];
const MOST_PASSKEYS = 10;

interface AddDeps extends PasswordDeps {
  readonly newId: NewId;
  readonly challenges: PasskeyChallenges;
}

/** What an authenticator made: RegistrationResponseJSON (Web Authentication Level 3 section 5.1). */
interface PasskeyAttestation {
  /** Of the credential, base64url. */
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: string[] | undefined;
  };
}

/**
 * Says what a passkey for the actor's account is made with. The password is required, or a fresh proof of the second
 * factor if the account has one, because whoever uses an unlocked device must not keep the account.
 * @returns the seed of the challenge, and PublicKeyCredentialCreationOptionsJSON
 * @throws IdentityError wrong_password, step_up_required, device_required, too_many_passkeys, passkeys_unavailable;
 *   forbidden, for an account without a password; and what `attempts` throws
 */
export async function passkeyOptions(
  deps: AddDeps,
  actor: Actor,
  given: { readonly asker: Asker; readonly password: Secret<string> | undefined },
): Promise<{ readonly seed: string; readonly publicKey: object }> {
  const { tenant, user, session } = actor;
  const act = { action: "user.add_passkey", resource: { type: "user", id: user } } as const;
  return auditRefusals(deps, actor, act, async () => {
    const account = await readPasswordAccount(deps, tenant, user);
    assertAllowedOnDevice(decideCredentials(actor, "enrol_factor", { tenant, user, ...account }));
    const nowMs = deps.now();
    const { isProtected, known } = await inTransaction(deps.pool, tenant, async (client) => ({
      isProtected: await hasFactor(client, user),
      known: await credentialIds(client, actor),
    }));
    assertRoom(known.length);
    if (isProtected)
      await inTransaction(deps.pool, tenant, (client) =>
        assertFreshFactor(client, actor, "enrol_factor", nowMs),
      );
    else if (given.password === undefined)
      throw new IdentityError("wrong_password", "Send the password to add the first passkey.");
    else await assertPassword(deps, actor, account, given.password);
    const issued = await deps.challenges.issue(given.asker, session, nowMs);
    if (issued === undefined) throw unavailable();
    const { generateRegistrationOptions } = await webAuthn();
    const { challenge: _challenge, ...publicKey } = await generateRegistrationOptions({
      rpName: `Sealdesk ${account.slug}`,
      rpID: issued.rpId,
      userName: account.username,
      userDisplayName: account.username,
      userID: new Uint8Array(uuidToBytes(user)),
      attestationType: "none",
      excludeCredentials: known.map((id) => ({ id })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      supportedAlgorithmIDs: ALGORITHMS,
    });
    return { seed: issued.seed, publicKey };
  });
}

/** @throws IdentityError passkeys_unavailable */
export const unavailable = (): IdentityError =>
  new IdentityError(
    "passkeys_unavailable",
    "Passkeys need a page at an https origin with a domain name. Set PUBLIC_URL, or add the page's origin to the tenant.",
  );

/**
 * Adds the passkey that an authenticator made with `passkeyOptions`. It is a second factor from now on. If the account
 * had none, its other sessions end, because they were opened without one.
 * @throws IdentityError passkey_refused, passkey_exists, too_many_passkeys, device_required, forbidden,
 *   session_revoked; KeysError kms_...
 */
export async function addPasskey(
  deps: AddDeps,
  actor: Actor,
  given: {
    readonly seed: string;
    readonly name: string;
    readonly response: PasskeyAttestation;
    readonly asker: Asker;
  },
): Promise<PasskeyId> {
  const { tenant, user, session } = actor;
  const act = { action: "user.add_passkey", resource: { type: "user", id: user } } as const;
  const { passkey, ended } = await auditRefusals(deps, actor, act, async () => {
    const made = await verify(deps, actor, given);
    const name = await deps.profiles.sealPasskeyName(tenant, user, given.name);
    return inTransaction(deps.pool, tenant, async (client) => {
      await lockAccount(client, user);
      await assertOwnCredentials(client, actor, "enrol_factor");
      assertRoom((await credentialIds(client, actor)).length);
      if (!(await answerOnce(client, tenant, made.challenge))) throw refused();
      const nowMs = deps.now();
      const isFirst = !(await hasFactor(client, user));
      const id = deps.newId<PasskeyId>();
      const { rowCount } = await client.query(
        `insert into passkeys (tenant, id, user_id, credential_id, public_key, rp_id, counter, transports,
           is_synced, is_backed_up, name, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (tenant, credential_id) do nothing`,
        [tenant, id, user, ...made.columns, name, nowMs],
      );
      if (rowCount === 0)
        throw new IdentityError("passkey_exists", "This passkey was added before.");
      await client.query("update sessions set factor_at_ms = $2 where id = $1", [session, nowMs]);
      const others = isFirst ? await endSessionsOf(client, user, nowMs, session) : [];
      const details = { passkey: id, passkeyDigest: made.digest, sessions: others.length };
      await auditDone(client, actor, { ...act, details }, nowMs);
      return { passkey: id, ended: others };
    });
  });
  disconnectEnded(deps.disconnect, tenant, ended);
  return passkey;
}

/** Verifies what an authenticator made (Web Authentication Level 3 section 7.1). @throws IdentityError passkey_refused */
async function verify(
  deps: AddDeps,
  { session }: Actor,
  { seed, response, asker }: Parameters<typeof addPasskey>[2],
) {
  const challenge = await deps.challenges.verify(seed, asker, session, deps.now());
  if (challenge === undefined) throw refused();
  const { transports = [], ...attested } = response.response;
  const { verifyRegistrationResponse } = await webAuthn();
  const made = await verifyRegistrationResponse({
    response: { ...response, response: attested, clientExtensionResults: {} },
    expectedChallenge: challenge.challenge,
    expectedOrigin: challenge.origin,
    expectedRPID: challenge.rpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch((cause: unknown) => {
    // The library throws plain errors for everything that is wrong with an answer.
    throw refused(cause);
  });
  if (!made.verified) throw refused();
  const { credential, credentialDeviceType, credentialBackedUp } = made.registrationInfo;
  const { rpId } = challenge;
  const [credentialId, publicKey] = [fromBase64Url(credential.id), credential.publicKey];
  const columns = [
    credentialId,
    publicKey,
    rpId,
    credential.counter,
    transports,
    credentialDeviceType === "multiDevice",
    credentialBackedUp,
  ];
  return { challenge, columns, digest: passkeyDigest({ credentialId, publicKey, rpId }) };
}

const refused = (cause?: unknown): IdentityError =>
  new IdentityError(
    "passkey_refused",
    "This is no passkey for this account, page and device, or it took too long. Ask for new options.",
    { cause },
  );

async function credentialIds(client: Client, { user }: Actor): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: Uint8Array }>(
    "select credential_id as id from passkeys where user_id = $1",
    [user],
  );
  return rows.map(({ id }) => toBase64Url(id));
}

/** @throws IdentityError too_many_passkeys */
function assertRoom(passkeys: number): void {
  if (passkeys >= MOST_PASSKEYS)
    throw new IdentityError(
      "too_many_passkeys",
      `An account has at most ${MOST_PASSKEYS} passkeys. Remove one first.`,
    );
}
