import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { totpAssociated } from "../../keys/at-rest/associated.ts";
import { open, seal } from "../../keys/at-rest/envelope.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import { IdentityError } from "../identity-error.ts";

/** Seals the secrets of authenticator apps under the key of the person, like the person's name. */
export class TotpSecrets {
  readonly #subjects: SubjectKeys;

  constructor(subjects: SubjectKeys) {
    this.#subjects = subjects;
  }

  /** @throws IdentityError key_destroyed; KeysError kms_... */
  async seal(tenant: TenantId, user: UserId, secret: Uint8Array): Promise<Uint8Array> {
    return seal(await this.#keyOf(tenant, user), totpAssociated(tenant, user), secret);
  }

  /** @throws IdentityError key_destroyed; KeysError seal_broken, kms_... */
  async open(tenant: TenantId, user: UserId, sealed: Uint8Array): Promise<Uint8Array> {
    return open(await this.#keyOf(tenant, user), totpAssociated(tenant, user), sealed);
  }

  async #keyOf(tenant: TenantId, user: UserId) {
    const key = (await this.#subjects.findOrMake(tenant, [user])).get(user)?.key;
    if (key === undefined) throw new IdentityError("key_destroyed", "The account is erased.");
    return key;
  }
}
