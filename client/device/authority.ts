import { equalBytes, fromBase64Url } from "../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../crypto/wire/ed25519.ts";
import {
  openStaffCertificate,
  type SignedStaffCertificate,
  type StaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import { followHandovers } from "../key-log/authority-keys.ts";
import { deviceChecks } from "../key-log/checks.ts";
import type { KeyLog } from "../key-log/key-log.ts";

const name = "client!authority";

interface AuthorityDeps {
  readonly store: DeviceStore;
  readonly keyLog: Pick<KeyLog, "authorityEntries">;
  /** Another key is in the key log, and the trusted one did not hand over to it. */
  readonly onChanged: (key: Uint8Array) => void;
}

/**
 * The tenant's authority as this device trusts it: the key that the application gave or the first that
 * the key log showed, and every key that the trusted one handed over to.
 */
export class TenantAuthority {
  readonly #deps: AuthorityDeps;
  #anchor: Uint8Array | undefined;
  #current: Uint8Array | undefined;
  /** The key that the application was told of. */
  #told: Uint8Array | undefined;

  private constructor(deps: AuthorityDeps, pinned: Uint8Array | undefined) {
    this.#deps = deps;
    this.#anchor = pinned;
  }

  /** @param pinned the key to trust; without it, the first that the key log shows */
  static async load(deps: AuthorityDeps, pinned: Uint8Array | undefined): Promise<TenantAuthority> {
    const authority = new TenantAuthority(deps, pinned);
    authority.#anchor ??= await deps.store.read((transaction) => transaction.get(name));
    return authority;
  }

  /**
   * Returns the certificate if the trusted authority signed it. If another key did, the key log is
   * asked first whether the authority has handed over to that key.
   * @returns undefined if it did not sign it, and if the key log gives no usable answer
   * @throws SealdeskError transient ones
   */
  async open(signed: SignedStaffCertificate): Promise<StaffCertificate | undefined> {
    return this.#openNow(signed) ?? ((await this.#refresh()) ? this.#openNow(signed) : undefined);
  }

  #openNow(signed: SignedStaffCertificate): StaffCertificate | undefined {
    if (this.#current === undefined) return undefined;
    try {
      return openStaffCertificate(signed, this.#current, deviceChecks.verifyEd25519);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return undefined;
    }
  }

  /** @returns false if the key log gives no usable answer */
  async #refresh(): Promise<boolean> {
    const { store, keyLog, onChanged } = this.#deps;
    const entries = await keyLog.authorityEntries().catch((error: unknown) => {
      if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
      return undefined;
    });
    if (entries === undefined) return false;
    const first = entries.find(({ change }) => change === "added");
    if (this.#anchor === undefined && first !== undefined) {
      this.#anchor = first.authorityKey;
      await store.transact(async (transaction) => transaction.put(name, first.authorityKey));
    }
    if (this.#anchor === undefined) return false;
    const { current, intruder } = followHandovers(entries, this.#anchor);
    this.#current = current;
    const isKnown = intruder === undefined || isSame(intruder, this.#told);
    if (!isKnown) {
      this.#told = intruder;
      onChanged(intruder);
    }
    return true;
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
