import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import type { IdentityProviderId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { providerSecretAssociated } from "../../keys/at-rest/associated.ts";
import { open, seal, type SealingKey } from "../../keys/at-rest/envelope.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import { Secret } from "../../keys/secret.ts";
import { IdentityError } from "../identity-error.ts";

/** Where a client secret is stored, and the id of the key in the keystore that seals it. */
export interface SecretPlace {
  readonly tenant: TenantId;
  readonly id: IdentityProviderId;
  readonly sealedUnder: UserId;
}

/**
 * Seals a client secret under a key of its own in the keystore, so that a backup of the database
 * alone does not open it.
 * @throws KeysError kms_...
 */
export async function sealClientSecret(
  subjects: SubjectKeys,
  place: SecretPlace,
  secret: Secret<string>,
): Promise<Uint8Array> {
  const key = keyOf(place, await subjects.findOrMake(place.tenant, [place.sealedUnder]));
  return seal(key, providerSecretAssociated(place.tenant, place.id), utf8(secret.reveal()));
}

/** @throws IdentityError key_missing; KeysError seal_broken, kms_... */
export async function openClientSecret(
  subjects: SubjectKeys,
  place: SecretPlace & { readonly clientSecret: Uint8Array },
): Promise<Secret<string>> {
  const key = keyOf(place, await subjects.find(place.tenant, [place.sealedUnder]));
  const associated = providerSecretAssociated(place.tenant, place.id);
  return new Secret(fromUtf8(open(key, associated, place.clientSecret)));
}

function keyOf(
  { sealedUnder }: SecretPlace,
  keys: Awaited<ReturnType<SubjectKeys["find"]>>,
): SealingKey {
  const key = keys.get(sealedUnder)?.key;
  if (key === undefined)
    throw new IdentityError("key_missing", "The keystore has no key of this client secret.");
  return key;
}
