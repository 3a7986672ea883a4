import { createHmac } from "node:crypto";
import { concat, fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { profileAssociated, type ProfileField } from "../../keys/at-rest/associated.ts";
import { open, seal } from "../../keys/at-rest/envelope.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Secret } from "../../keys/secret.ts";

/** The identifying data of an account, as the database stores it. */
export interface SealedProfile {
  /** The newest index first, which is the stored one. */
  readonly usernameIndexes: readonly Uint8Array[];
  readonly username: Uint8Array;
  readonly displayName: Uint8Array;
}

/** The dependencies of reading accounts. */
export interface DirectoryDeps extends UseCase {
  readonly profiles: Profiles;
}

interface Named {
  readonly id: UserId;
  /** Sealed. */
  readonly displayName: Uint8Array | null;
}

interface FullyNamed extends Named {
  /** Sealed. */
  readonly username: Uint8Array | null;
}

/**
 * Names of accounts. Each is sealed under the key of the person it names, and found by a blind
 * index.
 */
export class Profiles {
  readonly #subjects: SubjectKeys;
  readonly #blindIndexKeys: () => readonly Secret<Uint8Array>[];

  /**
   * @param blindIndexKeys all valid keys, the newest first; a new name is stored under the newest
   */
  constructor(subjects: SubjectKeys, blindIndexKeys: () => readonly Secret<Uint8Array>[]) {
    this.#subjects = subjects;
    this.#blindIndexKeys = blindIndexKeys;
  }

  /**
   * Under each key, `HMAC-SHA-256(blind-index key, label || tenant || user name)`. The tenant has a
   * fixed width. A name may have been stored under any of these keys.
   */
  usernameIndexes(tenant: TenantId, username: string): readonly Uint8Array[] {
    const input = concat(utf8("sealdesk/username/v1"), uuidToBytes(tenant), utf8(username));
    return this.#blindIndexKeys().map((key) =>
      createHmac("sha256", key.reveal()).update(input).digest(),
    );
  }

  /**
   * Creates the account's key if it has none.
   * @throws IdentityError key_destroyed; KeysError kms_...
   */
  async seal(
    tenant: TenantId,
    user: UserId,
    names: { readonly username: string; readonly displayName: string },
  ): Promise<SealedProfile> {
    const key = await this.#keyOf(tenant, user);
    const sealed = (field: "username" | "display_name", text: string) =>
      seal(key, profileAssociated(tenant, user, field), utf8(text));
    return {
      usernameIndexes: this.usernameIndexes(tenant, names.username),
      username: sealed("username", names.username),
      displayName: sealed("display_name", names.displayName),
    };
  }

  /**
   * Seals what an identity provider says of a person over SCIM. Creates the key if there is none.
   * @throws IdentityError key_destroyed; KeysError kms_...
   */
  async sealProvisioned(tenant: TenantId, user: UserId, text: string): Promise<Uint8Array> {
    const key = (await this.#subjects.findOrMake(tenant, [user])).get(user)?.key;
    if (key === undefined) throw new IdentityError("key_destroyed", "The account is erased.");
    return seal(key, profileAssociated(tenant, user, "provisioned"), utf8(text));
  }

  /**
   * Opens what `sealProvisioned` sealed, in the order of the rows. Null stands for what was erased.
   * @throws IdentityError key_missing; KeysError seal_broken, kms_...
   */
  openProvisioned(
    tenant: TenantId,
    rows: readonly { readonly id: UserId; readonly attributes: Uint8Array }[],
  ): Promise<readonly (string | null)[]> {
    return this.#open(tenant, rows, "provisioned", (row) => row.attributes);
  }

  /**
   * Returns the rows with their names opened. A name is null when there is none or it was erased.
   * @throws IdentityError key_missing; KeysError seal_broken, kms_...
   */
  async opened<T extends Named>(
    tenant: TenantId,
    rows: readonly T[],
  ): Promise<(Omit<T, "displayName"> & { readonly displayName: string | null })[]> {
    const names = await this.#open(tenant, rows, "display_name", (row) => row.displayName);
    return rows.map((row, at) => ({ ...row, displayName: names[at] ?? null }));
  }

  /** Like `opened`, with the names that accounts sign in with. */
  async openedNames<T extends FullyNamed>(
    tenant: TenantId,
    rows: readonly T[],
  ): Promise<
    (Omit<T, "displayName" | "username"> & {
      readonly displayName: string | null;
      readonly username: string | null;
    })[]
  > {
    const usernames = await this.#open(tenant, rows, "username", (row) => row.username);
    const names = await this.#open(tenant, rows, "display_name", (row) => row.displayName);
    return rows.map((row, at) => ({
      ...row,
      username: usernames[at] ?? null,
      displayName: names[at] ?? null,
    }));
  }

  /**
   * Seals what a person calls one of their passkeys.
   * @throws IdentityError key_destroyed; KeysError kms_...
   */
  async sealPasskeyName(tenant: TenantId, user: UserId, name: string): Promise<Uint8Array> {
    const key = await this.#keyOf(tenant, user);
    return seal(key, profileAssociated(tenant, user, "passkey_name"), utf8(name));
  }

  /** Returns the names of passkeys of one account; null if they were erased. */
  async passkeyNames(
    tenant: TenantId,
    user: UserId,
    sealed: readonly Uint8Array[],
  ): Promise<readonly (string | null)[]> {
    const rows = sealed.map((name) => ({ id: user, name }));
    return this.#open(tenant, rows, "passkey_name", ({ name }) => name);
  }

  async #keyOf(tenant: TenantId, user: UserId) {
    const key = (await this.#subjects.findOrMake(tenant, [user])).get(user)?.key;
    if (key === undefined) throw new IdentityError("key_destroyed", "The account is erased.");
    return key;
  }

  async #open<T extends { readonly id: UserId }>(
    tenant: TenantId,
    rows: readonly T[],
    field: ProfileField,
    sealedIn: (row: T) => Uint8Array | null,
  ): Promise<(string | null)[]> {
    const named = rows.filter((row) => sealedIn(row) !== null);
    const keys = await this.#subjects.find(
      tenant,
      named.map(({ id }) => id),
    );
    return rows.map((row) => {
      const sealed = sealedIn(row);
      if (sealed === null) return null;
      const held = keys.get(row.id);
      if (held === undefined)
        throw new IdentityError(
          "key_missing",
          "The keystore does not know a key that sealed a name.",
        );
      const { key } = held;
      if (key === undefined) return null;
      return fromUtf8(open(key, profileAssociated(tenant, row.id, field), sealed));
    });
  }

  /** Like `opened`, for one account. */
  async displayName(
    tenant: TenantId,
    id: UserId,
    displayName: Uint8Array | null,
  ): Promise<string | null> {
    const [row] = await this.opened(tenant, [{ id, displayName }]);
    return row?.displayName ?? null;
  }
}
