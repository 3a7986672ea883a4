import { uuidFromBytes, type Uuid } from "../crypto/wire/uuid.ts";
import { Profiles } from "../keys/accounts/profiles.ts";
import { rowAssociated } from "../keys/at-rest/associated.ts";
import { keyIdOf, open } from "../keys/at-rest/envelope.ts";
import { openKeyTree, type KeyTree } from "../keys/at-rest/key-tree.ts";
import { periodOf } from "../keys/at-rest/scope.ts";
import { keyringKms } from "../keys/kms/keyring-kms.ts";
import { openLocalKeyring } from "../keys/local-keyring.ts";
import type { Secret } from "../keys/secret.ts";

/** Bytes as the log's tables have them, and where they stand. */
export interface StoredBytes {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** Of a packet. */
  readonly device?: Uuid;
  readonly bytes: Uint8Array;
}

/** The server's seal on stored rows, opened as somebody could who has its database and its keys. */
export class AtRest {
  readonly #tree: KeyTree;
  /** Names, sealed and found as the server does. */
  readonly profiles: Profiles;

  private constructor(tree: KeyTree, blindIndexKey: Secret<Uint8Array>) {
    this.#tree = tree;
    this.profiles = new Profiles(tree.subjects, blindIndexKey);
  }

  /** @param home the server's SEALDESK_HOME. @param passphrase of its keyring, if that is sealed */
  static async open(home: string, ownerUrl: string, passphrase?: Secret<string>): Promise<AtRest> {
    const keyring = await openLocalKeyring({ home, passphrase, mustBeSealed: false });
    const kms = keyringKms(home, keyring.blindIndexKey);
    const onLost = () => undefined;
    const tree = await openKeyTree({ url: ownerUrl, kms, now: Date.now, onLost });
    return new AtRest(tree, keyring.blindIndexKey);
  }

  /** What devices made. @throws KeysError; Error when the key is destroyed */
  async unseal({ bytes, tenant, receivedAt, ...place }: StoredBytes): Promise<Uint8Array> {
    const id = uuidFromBytes(keyIdOf(bytes));
    const key = (await this.#tree.scopes.forReading(tenant, [id])).get(id)?.key;
    if (key === undefined) throw new Error("The key is destroyed.");
    return open(key, rowAssociated({ ...place, tenant, period: periodOf(receivedAt) }), bytes);
  }

  async close(): Promise<void> {
    await this.#tree.close();
  }
}
