import { randomBytes } from "node:crypto";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { webhookSecretAssociated } from "../../../keys/at-rest/associated.ts";
import { open, seal } from "../../../keys/at-rest/envelope.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import { Secret } from "../../../keys/secret.ts";
import { IdentityError } from "../../identity-error.ts";

/** Where the secret of a webhook is stored, and the id of the key in the keystore that seals it. */
export interface WebhookSecretPlace {
  readonly tenant: TenantId;
  readonly sealedUnder: UserId;
}

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** Makes a secret. */
export const newWebhookSecret = (): Secret<Uint8Array> => new Secret(randomBytes(SECRET_BYTES));

/** Returns the secret as receivers configure it (Standard Webhooks): `whsec_` and base64. */
export const webhookSecretText = (secret: Secret<Uint8Array>): string =>
  `whsec_${Buffer.from(secret.reveal()).toString("base64")}`;

/**
 * Seals a secret under a key of its own in the keystore, so that a backup of the database alone does not open it.
 * @throws KeysError kms_...
 */
export async function sealWebhookSecret(
  subjects: SubjectKeys,
  { tenant, sealedUnder }: WebhookSecretPlace,
  secret: Secret<Uint8Array>,
): Promise<Uint8Array> {
  const keys = await subjects.findOrMake(tenant, [sealedUnder]);
  return seal(keyIn(keys, sealedUnder), webhookSecretAssociated(tenant), secret.reveal());
}

/** @throws IdentityError key_missing; KeysError seal_broken, kms_... */
export async function openWebhookSecret(
  subjects: SubjectKeys,
  { tenant, sealedUnder, secret }: WebhookSecretPlace & { readonly secret: Uint8Array },
): Promise<Secret<Uint8Array>> {
  const keys = await subjects.find(tenant, [sealedUnder]);
  return new Secret(open(keyIn(keys, sealedUnder), webhookSecretAssociated(tenant), secret));
}

function keyIn(keys: Awaited<ReturnType<SubjectKeys["find"]>>, id: UserId) {
  const key = keys.get(id)?.key;
  if (key === undefined)
    throw new IdentityError("key_missing", "The keystore has no key of this webhook's secret.");
  return key;
}
