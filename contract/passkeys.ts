import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { milliseconds, passkeyId } from "./values.ts";

const base64Url = (longest: number) =>
  z.string().check(z.minLength(1), z.maxLength(longest), z.regex(/^[A-Za-z0-9_-]+$/));
/** A credential id has at most 1023 bytes (Web Authentication Level 3 section 4). */
const credentialId = base64Url(1364);
const seed = z
  .string()
  .check(z.minLength(1), z.maxLength(2048), z.regex(/^[\w.-]+$/))
  .register(documentation, { description: "As the server gave it" });

const transport = z.string().check(z.maxLength(32));
// Browsers add members. The SDK leaves them out.
const credential = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal("public-key"),
};

/** AuthenticationResponseJSON (Web Authentication Level 3 section 5.1). */
export const passkeyAssertion = z
  .strictObject({
    ...credential,
    response: z.strictObject({
      clientDataJSON: base64Url(4096),
      authenticatorData: base64Url(4096),
      signature: base64Url(2048),
    }),
  })
  .register(documentation, {
    id: "PasskeyAssertion",
    description: "AuthenticationResponseJSON, these members only",
  });

/** RegistrationResponseJSON (Web Authentication Level 3 section 5.1). */
export const passkeyAttestation = z
  .strictObject({
    ...credential,
    response: z.strictObject({
      clientDataJSON: base64Url(4096),
      attestationObject: base64Url(8192),
      transports: z.optional(z.array(transport).check(z.maxLength(8))),
    }),
  })
  .register(documentation, {
    id: "PasskeyAttestation",
    description: "RegistrationResponseJSON, these members only",
  });

/** What an authenticator signed, and the seed of the challenge that it signed. */
export const passkeyAnswer = z
  .strictObject({ seed, response: passkeyAssertion })
  .register(documentation, { id: "PasskeyAnswer" });

export const passkeyChallenge = z
  .object({
    seed,
    rpId: z.string().register(documentation, { description: "The domain of the page" }),
  })
  .register(documentation, {
    id: "PasskeyChallenge",
    description: "Challenge: SHA-256('sealdesk/passkey-challenge/v1' || key thumbprint || seed)",
  });

const name = z.string().check(
  z.minLength(1),
  z.maxLength(64),
  z.refine((text) => !/\p{Cc}/u.test(text)),
);

export const passkeyRequest = z
  .strictObject({
    password: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  })
  .register(documentation, {
    id: "PasskeyRequest",
    description: "With the password, without a second factor",
  });

/** What to make a passkey with. */
export const passkeyOptions = z
  .object({
    seed,
    publicKey: z.looseObject({}).register(documentation, {
      description: "PublicKeyCredentialCreationOptionsJSON",
    }),
  })
  .register(documentation, { id: "PasskeyOptions" });

export const newPasskey = z
  .strictObject({ seed, name, response: passkeyAttestation })
  .register(documentation, { id: "NewPasskey" });

export const passkeyName = z.strictObject({ name }).register(documentation, { id: "PasskeyName" });

const passkey = z
  .object({
    id: passkeyId,
    name: z.nullable(z.string()),
    rpId: z.string(),
    isSynced: z.boolean(),
    isBackedUp: z.boolean(),
    createdAtMs: milliseconds,
    lastUsedAtMs: z.nullable(milliseconds),
  })
  .register(documentation, { id: "Passkey" });
export const addedPasskey = z
  .object({ id: passkeyId })
  .register(documentation, { id: "AddedPasskey" });
export const passkeys = z
  .object({ passkeys: z.array(passkey) })
  .register(documentation, { id: "Passkeys" });
export const passkeyParams = z.strictObject({ id: passkeyId });
