import * as z from "zod/mini";
import { passkeyAssertion, passkeyAttestation, passkeyChallenge } from "../../contract/passkeys.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { passkeyChallenge as challengeOf } from "../../crypto/wire/passkey-challenge.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { SealdeskError } from "../errors.ts";
import type { Exchange } from "../http/transport.ts";

// Browsers add members that the server does not take. They are left out.
const assertion = z.object({
  ...passkeyAssertion.shape,
  response: z.object(passkeyAssertion.shape.response.shape),
});
const attestation = z.object({
  ...passkeyAttestation.shape,
  response: z.object(passkeyAttestation.shape.response.shape),
});

/** PublicKeyCredentialRequestOptionsJSON of Web Authentication. */
export interface PasskeyRequest {
  readonly challenge: string;
  readonly rpId: string;
  readonly userVerification: "required";
  readonly allowCredentials: [];
}

/**
 * Uses a passkey. In a browser, pass `publicKey` to `PublicKeyCredential.parseRequestOptionsFromJSON` and the result
 * to `navigator.credentials.get`. Resolve with `toJSON()` of the credential.
 */
export type UsePasskey = (publicKey: PasskeyRequest) => Promise<object> | object;

/**
 * Makes a passkey. In a browser, pass `publicKey` to `PublicKeyCredential.parseCreationOptionsFromJSON` and the
 * result to `navigator.credentials.create`. Resolve with `toJSON()` of the credential.
 */
export type MakePasskey = (publicKey: object) => Promise<object> | object;

/** Credentials for signing in with a passkey alone. */
export interface PasskeyCredentials {
  readonly grant: "passkey";
  /** The tenant's slug. */
  readonly tenant: string;
  /** Asked at each sign-in. */
  readonly passkey: UsePasskey;
  /**
   * Any text that differs between people. If you pass it, a session that the store keeps for another
   * person is not continued.
   */
  readonly subject?: string;
}

/**
 * Has a passkey answer a challenge of the server, which contains the key of this device: see `passkeyChallenge`.
 * @throws SealdeskError passkeys_unavailable, network; invalid_argument: `use` did not return what a credential has
 */
export async function answerPasskey(exchange: Exchange, thumbprint: string, use: UsePasskey) {
  const path = "v1/passkey-challenges";
  const { seed, rpId } = await exchange({ method: "POST", path, answer: passkeyChallenge });
  const response = await use({
    challenge: toBase64Url(challengeOf(sha256, thumbprint, seed)),
    rpId,
    userVerification: "required",
    allowCredentials: [],
  });
  return { seed, response: credentialIn(assertion, response) };
}

/** Makes a passkey with the server's options. The challenge contains the key of this device. */
export async function makePasskey(
  { seed, publicKey }: { readonly seed: string; readonly publicKey: object },
  thumbprint: string,
  make: MakePasskey,
) {
  const challenge = toBase64Url(challengeOf(sha256, thumbprint, seed));
  return {
    seed,
    response: credentialIn(attestation, await make({ ...publicKey, challenge })),
  };
}

function credentialIn<T>(schema: z.ZodMiniType<T>, credential: unknown): T {
  const { data, success } = z.safeParse(schema, credential);
  if (success) return data;
  throw new SealdeskError(
    "invalid_argument",
    "`passkey` must be a function that resolves with `toJSON()` of a credential.",
  );
}
