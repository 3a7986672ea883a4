import { randomBytes, sign } from "node:crypto";
import { approvedArrivals } from "../../client/key-log/approved-arrivals.ts";
import { confirmedList } from "../../client/key-log/confirmed-list.ts";
import type { KeyHistory } from "../../client/key-log/key-history.ts";
import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import { deviceApprovalBytes, type DeviceRecord } from "../../crypto/wire/signed-records.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { certificateBy, firstApproval } from "./certified.ts";
import { ed25519, type KeyPair } from "./device.ts";
import { signedList } from "./signed-list.ts";

/** What the key log says of an account, entry by entry. It needs no server. */
export class AccountLog {
  readonly tenant: TenantId;
  readonly user: UserId;
  accountKey: KeyPair = ed25519();
  /** When lists are issued from now on. */
  issuedAtMs = 1_700_000_000_000;
  readonly entries: KeyEntry[] = [];
  /** The newest list. */
  list: ListSignature | undefined;
  #records: DeviceRecord[] = [];
  readonly #deviceKeys = new Map<DeviceId, KeyPair>();

  constructor(whose: { readonly tenant?: TenantId; readonly user?: UserId } = {}) {
    this.tenant = whose.tenant ?? newId<TenantId>();
    this.user = whose.user ?? newId<UserId>();
  }

  add(device = newId<DeviceId>(), changes: Partial<DeviceRecord> = {}): KeyEntry {
    const { tenant, user, accountKey } = this;
    const deviceKey = ed25519();
    this.#deviceKeys.set(device, deviceKey);
    const record = {
      tenant,
      user,
      device,
      accountKey: accountKey.publicKey,
      deviceKey: deviceKey.publicKey,
      identityKey: new Uint8Array(randomBytes(33)),
      receiptKey: ed25519().publicKey,
      ...changes,
    };
    const certificate = certificateBy(record, deviceKey);
    const approval = this.#approve(record);
    this.#records = [...this.#records, record];
    const list = this.sign();
    return this.#append({ change: "device_added", record, certificate, list, approval });
  }

  /** @param isSigned false if an administrator removed it */
  remove({ record, certificate }: KeyEntry, isSigned = true): KeyEntry {
    this.#records = this.#records.filter(({ device }) => device !== record.device);
    const list = isSigned ? this.sign() : undefined;
    return this.#append({ change: "device_removed", record, certificate, list });
  }

  /** Signs the next list, by default with the oldest device that is not removed. */
  sign(times: Partial<ListSignature> = {}, by = this.#records[0]?.device): ListSignature {
    const { issuedAtMs } = this;
    const version = (this.list?.version ?? 0) + 1;
    const signer = { device: by ?? newId<DeviceId>(), key: this.#keyOf(by) };
    this.list = signedList(this, signer, this.#records, { version, issuedAtMs, ...times });
    return this.list;
  }

  /** The account begins anew with another key. */
  reset(): void {
    for (const { device } of this.#records) {
      const added = this.entries.find(({ record }) => record.device === device);
      if (added !== undefined) this.remove(added, false);
    }
    this.accountKey = ed25519();
    this.list = undefined;
  }

  /** What a device reads of the first entries with a list. */
  history(entries: readonly KeyEntry[] = this.entries, list = this.list): KeyHistory {
    const arrivals = approvedArrivals(entries);
    return { entries, arrivals, leaves: [], indexes: [], list: confirmedList(entries, list) };
  }

  /** Makes the store that of a device of the account. */
  giveKeys(transaction: StoreTransaction, device: DeviceId): void {
    const { d = "", x = "" } = this.#keyOf(device).privateKey.export({ format: "jwk" });
    const [seed, key] = [d, x].map((part) => Buffer.from(part, "base64url"));
    transaction.put("identity!device", new Uint8Array(Buffer.concat([seed!, key!])));
    transaction.put("identity!account", new Uint8Array(this.accountKey.publicKey));
  }

  #keyOf(device: DeviceId | undefined): KeyPair {
    return (device && this.#deviceKeys.get(device)) ?? ed25519();
  }

  /** The account key approves the first device, and the oldest device the others. */
  #approve(record: DeviceRecord): KeyEntry["approval"] {
    const [by] = this.#records;
    const key = by && this.#deviceKeys.get(by.device);
    if (by === undefined || key === undefined) return firstApproval(record, this.accountKey);
    const bytes = deviceApprovalBytes({ ...record, approvedBy: by.device });
    const signature = new Uint8Array(sign(null, bytes, key.privateKey));
    return { device: by.device, signature };
  }

  #append(entry: Omit<KeyEntry, "version">): KeyEntry {
    const logged = { ...entry, version: this.entries.length + 1 };
    this.entries.push(logged);
    return logged;
  }
}
