import { openCertificateAt, type AuthorityChain } from "../../crypto/wire/authority-chain.ts";
import { followHandovers, type OpenedCertificate } from "../../crypto/wire/authority-chain.ts";
import { equalBytes, fromBase64Url } from "../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../crypto/wire/ed25519.ts";
import type { SignedStaffCertificate } from "../../crypto/wire/staff-certificate.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import { deviceChecks } from "../key-log/checks.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Clock } from "../runtime.ts";

const name = "client!authority";
/** The time for which the keys count that the key log showed. So a rotation is noticed. */
const freshMs = 10 * 60_000;

interface AuthorityDeps {
  readonly store: DeviceStore;
  readonly keyLog: Pick<KeyLog, "authorityEntries">;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  /** The key log adds another key or retires the trusted one, and the trusted one did not hand over. */
  readonly onChanged: (key: Uint8Array) => void;
}

/** Returns the key of the authority that this device trusted first. A new device of the account starts from it. */
export const loadAuthorityKey = (
  transaction: Pick<ReadTransaction, "get">,
): Promise<Uint8Array | undefined> => transaction.get(name);

export const saveAuthorityKey = (transaction: StoreTransaction, key: Uint8Array): void =>
  transaction.put(name, key);

/**
 * The tenant's authority as this device trusts it: the key that the application gave, or another device
 * of the account, or the first that the key log showed; and every key that handovers connect with it.
 */
export class TenantAuthority {
  readonly #deps: AuthorityDeps;
  #anchor: Uint8Array | undefined;
  /** Undefined before the key log gave a usable answer. */
  #chain: AuthorityChain | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** The key that the application was told of. */
  #told: Uint8Array | undefined;

  private constructor(deps: AuthorityDeps, anchor: Uint8Array | undefined) {
    this.#deps = deps;
    this.#anchor = anchor;
  }

  /** @param pinned the key to trust; without it, the first that the key log shows */
  static async load(deps: AuthorityDeps, pinned: Uint8Array | undefined): Promise<TenantAuthority> {
    const anchor = await deps.store.transact(async (transaction) => {
      if (pinned !== undefined) saveAuthorityKey(transaction, pinned);
      return pinned ?? loadAuthorityKey(transaction);
    });
    return new TenantAuthority(deps, anchor);
  }

  /**
   * Returns a certificate that is valid now, if the authority's newest key signed it.
   * @returns undefined if it did not, and if the key log gives no usable answer
   * @throws SealdeskError transient ones
   */
  async open(signed: SignedStaffCertificate): Promise<OpenedCertificate | undefined> {
    const opened = await this.openAt(signed, this.#deps.localClock.now());
    return opened !== undefined && this.#isNewest(opened.authority) ? opened : undefined;
  }

  /**
   * Returns a certificate that was valid at a time: see `openCertificateAt`. If none of the keys that this
   * device knows signed it, the key log is asked first whether there is another.
   * @returns undefined as `open`
   * @throws SealdeskError transient ones
   */
  async openAt(
    signed: SignedStaffCertificate,
    atMs: number,
  ): Promise<OpenedCertificate | undefined> {
    const wasRead = await this.#readIfDue();
    const opened = this.#openNow(signed, atMs);
    if (opened !== undefined || wasRead) return opened;
    await this.#read();
    return this.#openNow(signed, atMs);
  }

  /**
   * Returns whether a key is the one that the authority signs with now.
   * @throws SealdeskError transient ones
   */
  async isNewest(key: Uint8Array): Promise<boolean> {
    await this.#readIfDue();
    return this.#isNewest(key);
  }

  #isNewest(key: Uint8Array): boolean {
    return isSame(key, this.#chain?.current?.authorityKey);
  }

  #openNow(signed: SignedStaffCertificate, atMs: number): OpenedCertificate | undefined {
    return this.#chain && openCertificateAt(this.#chain, signed, atMs, deviceChecks.verifyEd25519);
  }

  /** @returns true if the key log was asked */
  async #readIfDue(): Promise<boolean> {
    const isDue = this.#deps.localClock.now() - this.#readAtMs >= freshMs;
    if (isDue) await this.#read();
    return isDue;
  }

  /** Without a usable answer, nobody is certified until there is one. */
  async #read(): Promise<void> {
    const { store, keyLog, localClock, onChanged } = this.#deps;
    const entries = await keyLog.authorityEntries().catch((error: unknown) => {
      if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
      return undefined;
    });
    this.#chain = undefined;
    if (entries === undefined) return;
    const first = entries.find(({ change }) => change === "added")?.authorityKey;
    if (this.#anchor === undefined && first !== undefined) {
      this.#anchor = first;
      await store.transact(async (transaction) => saveAuthorityKey(transaction, first));
    }
    if (this.#anchor === undefined) return;
    this.#chain = followHandovers(entries, this.#anchor, deviceChecks.verifyEd25519);
    this.#readAtMs = localClock.now();
    const intruder = this.#chain.intruder?.authorityKey;
    if (intruder === undefined || isSame(intruder, this.#told)) return;
    this.#told = intruder;
    onChanged(intruder);
  }
}

/** Returns the key of an authority from its text, base64url without padding, or undefined. */
export function parseAuthorityKey(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  const key = fromBase64Url(text);
  return isEd25519Key(key) ? key : undefined;
}

const isSame = (key: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && equalBytes(key, other);
