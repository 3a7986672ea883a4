import { createPool } from "../../db/pool.ts";
import { uuidFromBytes } from "../../crypto/wire/uuid.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { Profiles } from "../../identity/accounts/profiles.ts";
import { rowAssociated } from "../../keys/at-rest/associated.ts";
import { keyIdOf, open, seal } from "../../keys/at-rest/envelope.ts";
import { openKeyTree, type KeyTree } from "../../keys/at-rest/key-tree.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import type { KmsSettings } from "../../keys/kms/kms-settings.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import type { Secret } from "../../keys/secret.ts";
import { ServerKeys } from "../../keys/server-keys/server-keys.ts";

/** Bytes as the log's tables have them, and their place. */
export interface StoredBytes {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
  /** The device of a packet. */
  readonly device?: DeviceId;
  readonly bytes: Uint8Array;
}

/**
 * Opens the server's encryption of stored rows, as an attacker with its database and its keys
 * could.
 */
export class AtRest {
  readonly #tree: KeyTree;
  readonly #leave: () => Promise<void>;
  /** Names, sealed and found as the server does. */
  readonly profiles: Profiles;
  readonly #serverKeys: ServerKeys;

  private constructor(
    tree: KeyTree,
    profiles: Profiles,
    serverKeys: ServerKeys,
    leave: () => Promise<void>,
  ) {
    this.#tree = tree;
    this.#serverKeys = serverKeys;
    this.profiles = profiles;
    this.#leave = leave;
  }

  /**
   * @param home the server's SEALDESK_HOME
   * @param settings needed if its keyring is sealed or it uses another service
   * @param keystoreUrl needed if the keystore is not beside the data
   */
  static async open(
    home: string,
    ownerUrl: string,
    settings: KmsSettings = unsealedKeyring(home),
    keystoreUrl = ownerUrl,
  ): Promise<AtRest> {
    const { kms, firstKeys } = await openKms(settings);
    const pool = createPool(ownerUrl, { max: 1 });
    const serverKeys = await ServerKeys.open({ pool, kms, now: Date.now, firstKeys });
    const onLost = () => undefined;
    const tree = await openKeyTree({ url: keystoreUrl, kms, now: Date.now, onLost });
    const profiles = new Profiles(tree.subjects, () => serverKeys.blindIndexKeys);
    return new AtRest(tree, profiles, serverKeys, async () => {
      await tree.close();
      await pool.end();
      await kms.close();
    });
  }

  get blindIndexKeys(): readonly Secret<Uint8Array>[] {
    return this.#serverKeys.blindIndexKeys;
  }

  /** The keys of subjects, as the server uses them. */
  get subjects(): SubjectKeys {
    return this.#tree.subjects;
  }

  /**
   * Returns what devices made.
   * @throws KeysError; Error if the key is destroyed
   */
  async unseal({ bytes, tenant, receivedAtMs, ...place }: StoredBytes): Promise<Uint8Array> {
    const id = uuidFromBytes(keyIdOf(bytes));
    const key = (await this.#tree.scopes.forReading(tenant, [id])).get(id)?.key;
    if (key === undefined) throw new Error("The key is destroyed.");
    return open(key, rowAssociated({ ...place, tenant, period: periodOf(receivedAtMs) }), bytes);
  }

  /** Bytes as the server would store them, in the order of `rows`. All rows are of one tenant. */
  async seal(
    tenant: TenantId,
    rows: readonly (StoredBytes & { readonly subject: UserId; readonly author: UserId })[],
  ): Promise<readonly Uint8Array[]> {
    const scopes = rows.map(({ receivedAtMs, ...row }) => ({
      ...row,
      period: periodOf(receivedAtMs),
    }));
    const keys = await this.#tree.scopes.forWriting(tenant, scopes);
    return scopes.map((scope, index) => {
      const key = keys[index]?.key;
      if (key === undefined) throw new Error("The key is destroyed.");
      return seal(key, rowAssociated(scope), scope.bytes);
    });
  }

  async close(): Promise<void> {
    await this.#leave();
  }
}

const unsealedKeyring = (home: string): KmsSettings => ({
  kind: "local",
  home,
  passphrase: undefined,
  keyFile: undefined,
  mustBeSealed: false,
});
