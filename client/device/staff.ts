import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { fixed, message, text, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { coversRole, isValidAt } from "../../crypto/wire/staff-certificate.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { Clock } from "../runtime.ts";
import type { TenantAuthority } from "./authority.ts";

const prefix = "staff!";
const stored = message({
  role: [1, text(64)],
  accountKey: [2, fixed(32)],
  fromMs: [3, uint()],
  untilMs: [4, uint()],
  /** The key of the authority that signed the certificate. */
  authority: [5, fixed(32)],
});
type Certified = MessageOf<typeof stored>;

/** A user whose role is certified, unless the account has another key by now. */
export interface FoundStaff extends Certified {
  readonly user: UserId;
}

interface StaffDeps {
  readonly store: DeviceStore;
  readonly authority: Pick<TenantAuthority, "open" | "isNewest">;
  readonly tenant: TenantId;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
}

/** Finds out whether the tenant's authority certifies the roles of members. */
export class Staff {
  readonly #deps: StaffDeps;

  constructor(deps: StaffDeps) {
    this.#deps = deps;
  }

  /**
   * Looks for valid certificates of members. Asks the server for those that are not in the store, or that a
   * former key of the authority signed. Do not call it inside a store transaction, because it waits for the
   * network.
   * @param members members with roles of staff
   * @returns those who are certified in their role now
   * @throws SealdeskError transient ones
   */
  async lookUp(
    members: readonly Pick<Member, "user" | "role">[],
    accounts: Pick<Api, "accountOf">,
  ): Promise<readonly FoundStaff[]> {
    const found: FoundStaff[] = [];
    for (const { user, role } of members) {
      const known = await this.#deps.store.read((each) => load(each, user));
      const isKnown = known !== undefined && (await this.isCurrent(known, role));
      const certified = isKnown ? known : await this.#ask(user, role, accounts);
      if (certified !== undefined) found.push({ user, ...certified });
    }
    return found;
  }

  /**
   * Returns whether a certificate is valid now for a role, and signed by the authority's newest key. Only such
   * a certificate counts for those who come.
   * @throws SealdeskError transient ones
   */
  async isCurrent(certified: Certified, role: string): Promise<boolean> {
    return (
      this.#isValid(certified, role) && (await this.#deps.authority.isNewest(certified.authority))
    );
  }

  /**
   * Stores the certificates of those whose account key is the one that this device trusts. Call it
   * after the devices of the members were admitted.
   * @returns the users who are certified
   */
  async admit(
    transaction: StoreTransaction,
    found: readonly FoundStaff[],
  ): Promise<ReadonlySet<UserId>> {
    const certified = new Set<UserId>();
    for (const { user, ...certificate } of found) {
      const accountKey = await knownAccountKey(transaction, user);
      if (accountKey === undefined || !equalBytes(accountKey, certificate.accountKey)) continue;
      transaction.put(prefix + user, encodeRecord(stored, certificate));
      certified.add(user);
    }
    return certified;
  }

  /** Forgets the certificate of a user. */
  forget(transaction: StoreTransaction, user: UserId): void {
    transaction.delete(prefix + user);
  }

  /** Asks the server for the certificate of a user in this role. */
  async #ask(
    user: UserId,
    role: string,
    accounts: Pick<Api, "accountOf">,
  ): Promise<Certified | undefined> {
    const account = await shownAccount(user, accounts);
    if (account?.staffCertificate === undefined || account.accountKey === undefined)
      return undefined;
    const certificate = await this.#deps.authority.open(account.staffCertificate);
    if (certificate === undefined) return undefined;
    const { accountKey, fromMs, untilMs, authority } = certificate;
    const isTheirs =
      certificate.tenant === this.#deps.tenant &&
      certificate.user === user &&
      equalBytes(accountKey, account.accountKey);
    const certified = { role: certificate.role, accountKey, fromMs, untilMs, authority };
    return isTheirs && this.#isValid(certified, role) ? certified : undefined;
  }

  #isValid(certified: Certified, role: string): boolean {
    return coversRole(certified.role, role) && isValidAt(certified, this.#deps.localClock.now());
  }
}

/** Returns the certificate that was stored, if it is for the account key that this device trusts. */
async function load(transaction: ReadTransaction, user: UserId): Promise<Certified | undefined> {
  const record = await transaction.get(prefix + user);
  const accountKey = await knownAccountKey(transaction, user);
  if (record === undefined || accountKey === undefined) return undefined;
  const certified = decodeRecord(stored, record);
  return equalBytes(certified.accountKey, accountKey) ? certified : undefined;
}

async function shownAccount(user: UserId, accounts: Pick<Api, "accountOf">) {
  try {
    return await accounts.accountOf(user);
  } catch (error) {
    if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
    if (["forbidden", "member_not_found", "request_refused"].includes(error.code)) return undefined;
    throw error;
  }
}
