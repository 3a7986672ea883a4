import { handoverBytes, type Handover } from "../../crypto/wire/authority-entry.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { KeysError } from "../../keys/keys-error.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import type { Authority, Heir, LoggedAuthorityKey } from "./authority.ts";
import { newCertificate } from "./new-certificate.ts";

type SigningKms = Pick<Kms, "ensureKey" | "publicKey" | "sign" | "destroy">;

/**
 * The authority inside the server. It certifies every account that the database calls staff, with the teams that it has there. Its
 * keys never leave the key service, but whoever runs the server can use them.
 */
export const kmsAuthority = (kms: SigningKms, now: () => number): Authority => ({
  async keysAfter(tenant, last) {
    if (last !== undefined) return [];
    return [{ publicKey: await ensuredKey(kms, tenant, 1), handover: undefined }];
  },
  certify: (account, { version }) =>
    newCertificate(account, { teams: account.teams, fromMs: now() }, (bytes) =>
      kms.sign(keyName(account.tenant, version), bytes),
    ),
});

/**
 * Creates a key in the key service, to which another one can hand over.
 * @param version of the entry that will add it
 * @throws KeysError of the service
 */
export const kmsHeir = async (
  kms: SigningKms,
  tenant: TenantId,
  version: number,
): Promise<Heir> => ({
  publicKey: await ensuredKey(kms, tenant, version),
  follow: (handover) => signHandover(kms, version, handover),
});

/**
 * Signs a handover with one of its two keys, which the key service holds.
 * @param version of the entry that adds the signing key
 * @throws KeysError of the service
 */
export const signHandover = (
  kms: SigningKms,
  version: number,
  handover: Handover,
): Promise<Uint8Array> => kms.sign(keyName(handover.tenant, version), handoverBytes(handover));

/**
 * Destroys a key that was retired. You may repeat it. It leaves another key under the same name: an authority in
 * a process of its own may use the same service.
 * @throws KeysError of the service
 */
export async function destroyKmsKey(
  kms: SigningKms,
  tenant: TenantId,
  { version, publicKey }: LoggedAuthorityKey,
): Promise<void> {
  const name = keyName(tenant, version);
  const held = await heldKey(kms, name);
  if (held !== undefined && equalBytes(held, publicKey)) await kms.destroy(name);
}

/** Returns the public key under a name, or undefined if there is none. */
const heldKey = (kms: SigningKms, name: string): Promise<Uint8Array | undefined> =>
  kms.publicKey(name).catch((error: unknown) => {
    if (error instanceof KeysError && error.code === "kms_key_not_found") return undefined;
    throw error;
  });

/**
 * Returns the key of an authority that is a process of its own. It has one for each tenant.
 * @throws KeysError of the service
 */
export const ownKeyOf = (kms: SigningKms, tenant: TenantId): Promise<Uint8Array> =>
  ensuredKey(kms, tenant, 1);

/**
 * Signs with the key that `ownKeyOf` returns.
 * @throws KeysError of the service
 */
export const signWithOwnKey = (
  kms: SigningKms,
  tenant: TenantId,
  bytes: Uint8Array,
): Promise<Uint8Array> => kms.sign(keyName(tenant, 1), bytes);

async function ensuredKey(kms: SigningKms, tenant: TenantId, version: number): Promise<Uint8Array> {
  const name = keyName(tenant, version);
  await kms.ensureKey(name, "signing");
  return kms.publicKey(name);
}

/** A version has a key of its own in the service, so that the former one can sign the handover. */
const keyName = (tenant: TenantId, version: number): string => `authority-${tenant}-${version}`;
