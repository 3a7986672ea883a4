import * as z from "zod";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import {
  openWebhookSecret,
  sealWebhookSecret,
} from "../../../identity/alerts/webhook/webhook-secret.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import { Secret } from "../../../keys/secret.ts";

/** Where a consumer takes events, and the secret that signs them. */
export interface Consumer {
  readonly url: string;
  readonly secret: Secret<Uint8Array>;
}

const stored = z.object({ url: z.string(), secret: z.base64() });

/**
 * Seals the URL with the secret, under a key of the keystore. So nobody who can only write to the database has events sent
 * elsewhere.
 * @throws KeysError kms_...
 */
export const sealConsumer = (
  subjects: SubjectKeys,
  place: { readonly tenant: TenantId; readonly sealedUnder: UserId },
  { url, secret }: Consumer,
): Promise<Uint8Array> => {
  const content = { url, secret: Buffer.from(secret.reveal()).toString("base64") };
  return sealWebhookSecret(subjects, place, new Secret(utf8(JSON.stringify(content))));
};

/** @throws IdentityError key_missing; KeysError seal_broken, kms_... */
export async function openConsumer(
  subjects: SubjectKeys,
  place: {
    readonly tenant: TenantId;
    readonly sealedUnder: UserId;
    readonly sealed: Uint8Array;
  },
): Promise<Consumer> {
  const content = await openWebhookSecret(subjects, { ...place, secret: place.sealed });
  const { url, secret } = stored.parse(JSON.parse(fromUtf8(content.reveal())));
  return { url, secret: new Secret(Buffer.from(secret, "base64")) };
}
