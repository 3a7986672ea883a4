import { fixed, message, userId, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import { parseId, type UserId, type DeviceId } from "../../crypto/wire/ids.ts";
import { admitDevice } from "../../crypto/device/admit-device.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import { verifyDevice, type CertifiedDevice } from "../../crypto/device/identity.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { codeOf, isTransient, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { isLogged, isRemoved, type KeyHistory } from "../key-log/key-history.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { AcceptedKeys } from "./accepted-keys.ts";
import { keepCertificate } from "./certificates.ts";

const prefix = "peer!";
const peer = message({ user: [1, userId], deviceKey: [2, fixed(32)], receiptKey: [3, fixed(32)] });

/** A device whose certificate was checked. */
export type KnownDevice = MessageOf<typeof peer>;

/** A device that is in the key log, under an account key that a person may still accept. */
export interface UnacceptedDevice extends KnownDevice {
  readonly accountKey: Uint8Array;
}

/** Why a device is not trusted. */
export interface UntrustedDevice {
  readonly user: UserId;
  readonly code: "account_key_changed" | "invalid_device_record" | "key_not_logged";
}

/** A device as the server lists it. */
export interface FoundDevice extends CertifiedDevice {
  /** True if the key log contains exactly this record. */
  readonly logged: boolean;
}

interface TrustDeps {
  readonly suite: Suite;
  readonly api: Pick<Api, "accountOf">;
  readonly keyLog: Pick<KeyLog, "historyOf">;
  /** The user whose device this is. */
  readonly self: UserId;
}

/**
 * The devices that this device has checked. Each is in the key log and certified by its account.
 * The account's key was pinned when it was first seen. A changed account key is never accepted
 * here.
 */
export class Trust {
  readonly #suite: Suite;
  readonly #api: Pick<Api, "accountOf">;
  readonly #keyLog: Pick<KeyLog, "historyOf">;
  readonly #self: UserId;
  readonly #known: Map<DeviceId, KnownDevice>;
  readonly #accepted: AcceptedKeys;
  readonly #distrusted = new Map<DeviceId, UntrustedDevice>();
  /** The distrusted devices under an account key that a person may still accept. */
  readonly #unaccepted = new Map<DeviceId, UnacceptedDevice>();

  private constructor(deps: TrustDeps, known: Map<DeviceId, KnownDevice>, accepted: AcceptedKeys) {
    this.#suite = deps.suite;
    this.#api = deps.api;
    this.#keyLog = deps.keyLog;
    this.#self = deps.self;
    this.#known = known;
    this.#accepted = accepted;
  }

  static async load(deps: TrustDeps, store: DeviceStore): Promise<Trust> {
    const [entries, accepted] = await store.read(async (transaction) => [
      await transaction.list(prefix),
      await AcceptedKeys.load(transaction),
    ]);
    const known = entries.map(([key, value]): [DeviceId, KnownDevice] => [
      parseId<DeviceId>(key.slice(prefix.length)),
      decodeRecord(peer, value),
    ]);
    return new Trust(deps, new Map(known), accepted);
  }

  device(device: DeviceId): KnownDevice | undefined {
    return this.#known.get(device);
  }

  /**
   * Returns a device that is in the key log, but under an account key that is not accepted. Nothing
   * is sent to it and its messages are not shown. The conversations that it created remain valid, and what it
   * signs counts once a person accepts the key.
   */
  unaccepted(device: DeviceId): UnacceptedDevice | undefined {
    return this.#unaccepted.get(device);
  }

  /** Returns whether a person accepted this changed account key. A later one does not stand for it. */
  hasAccepted({ user, accountKey }: Pick<UnacceptedDevice, "user" | "accountKey">): boolean {
    return this.#accepted.has(user, accountKey);
  }

  /** Returns why `device` was not admitted, or undefined if it was not refused. */
  distrustOf(device: DeviceId): UntrustedDevice | undefined {
    return this.#distrusted.get(device);
  }

  /**
   * Fetches the records of members' devices that were never checked, and compares them with the key
   * log. Do not call it inside a store transaction, because it waits for the network. A user that
   * the server does not show has no devices.
   * @param accounts the accounts as the server shows them
   * @throws SealdeskError transient ones
   */
  async lookUp(
    members: readonly Member[],
    ownDevice: DeviceId,
    accounts: Pick<Api, "accountOf"> = this.#api,
  ): Promise<readonly FoundDevice[]> {
    const found: FoundDevice[] = [];
    for (const { user, devices } of members) {
      const isNew = (device: DeviceId) =>
        device !== ownDevice && !this.#known.has(device) && !this.#distrusted.has(device);
      if (!devices.some(isNew)) continue;
      const records = await this.#devicesOf(user, accounts);
      const unseen = records.filter(({ record }) => isNew(record.device));
      found.push(...(await this.compareWithLog(user, unseen)));
    }
    return found;
  }

  /**
   * Checks each device against the key log. A device that was removed in the meantime is left out.
   * @throws SealdeskError transient ones
   */
  async compareWithLog(
    user: UserId,
    devices: readonly CertifiedDevice[],
  ): Promise<readonly FoundDevice[]> {
    if (devices.length === 0) return [];
    const history = await this.historyOf(user);
    const compared = (device: CertifiedDevice): FoundDevice => ({
      ...device,
      logged: history !== undefined && isLogged(history, device),
    });
    const isGone = ({ record }: CertifiedDevice) =>
      history !== undefined && isRemoved(history, record.device);
    if (!devices.some(isGone)) return devices.map(compared);
    const listed = new Set((await this.#devicesOf(user)).map(({ record }) => record.device));
    return devices.filter(({ record }) => listed.has(record.device)).map(compared);
  }

  /**
   * Returns what the key log says about a user, or undefined if it gives no usable answer.
   * @throws SealdeskError transient ones
   */
  async historyOf(user: UserId): Promise<KeyHistory | undefined> {
    try {
      return await this.#keyLog.historyOf(user);
    } catch (error) {
      if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
      const refused = ["key_log_inconsistent", "forbidden", "member_not_found", "request_refused"];
      if (refused.includes(error.code)) return undefined;
      throw error;
    }
  }

  /**
   * Checks devices and lets the suite talk to the valid ones. Call the function that it returns
   * once the transaction is committed.
   */
  async admit(
    transaction: StoreTransaction,
    devices: readonly FoundDevice[],
  ): Promise<{ readonly distrusted: readonly UntrustedDevice[]; readonly committed: () => void }> {
    const good = new Map<DeviceId, KnownDevice>();
    const bad = new Map<DeviceId, UntrustedDevice>();
    const unaccepted = new Map<DeviceId, UnacceptedDevice>();
    for (const device of devices) {
      const { record } = device;
      const value = {
        user: record.user,
        deviceKey: record.deviceKey,
        receiptKey: record.receiptKey,
      };
      const code = await this.#admitOne(transaction, device);
      if (code !== undefined) {
        bad.set(record.device, { user: record.user, code });
        // This account has one key, which this device holds. There is nothing to accept.
        const mayBeAccepted = code === "account_key_changed" && record.user !== this.#self;
        if (mayBeAccepted)
          unaccepted.set(record.device, { ...value, accountKey: record.accountKey });
        continue;
      }
      good.set(record.device, value);
      transaction.put(prefix + record.device, encodeRecord(peer, value));
      keepCertificate(transaction, device);
    }
    const committed = () => {
      for (const [device, value] of good) this.#known.set(device, value);
      for (const [device, value] of bad) this.#distrusted.set(device, value);
      for (const [device, value] of unaccepted) this.#unaccepted.set(device, value);
    };
    return { distrusted: [...bad.values()], committed };
  }

  /**
   * Records that a person accepted the user's account key in place of the one that was trusted.
   * Forgets all decisions about the user's devices. Valid devices are included, because they must have come
   * under the new account key. Call the function that it returns once the transaction is committed.
   */
  reconsider(
    transaction: StoreTransaction,
    user: UserId,
    keys: { readonly replaced: Uint8Array; readonly accepted: Uint8Array },
  ): () => void {
    const added = this.#accepted.add(transaction, user, [keys.replaced, keys.accepted]);
    const known = [...this.#known].filter(([, device]) => device.user === user);
    for (const [device] of known) transaction.delete(prefix + device);
    return () => {
      added();
      for (const [device] of known) this.#known.delete(device);
      for (const [device, distrust] of this.#distrusted)
        if (distrust.user === user) {
          this.#distrusted.delete(device);
          this.#unaccepted.delete(device);
        }
    };
  }

  async #admitOne(
    transaction: StoreTransaction,
    device: FoundDevice,
  ): Promise<UntrustedDevice["code"] | undefined> {
    if (!device.logged) return "key_not_logged";
    try {
      // This device knows the key of its own account, so that account gets no trust on first use.
      if (device.record.user === this.#self)
        verifyDevice(device, await loadAccountKey(transaction));
      await admitDevice(transaction, this.#suite, device);
      return undefined;
    } catch (error) {
      const code = codeOf(error, "DeviceError");
      if (code === "account_key_changed" || code === "invalid_device_record") return code;
      if (codeOf(error, "SuiteError") === "untrusted_identity") return "invalid_device_record";
      throw error;
    }
  }

  async #devicesOf(
    user: UserId,
    accounts: Pick<Api, "accountOf"> = this.#api,
  ): Promise<readonly CertifiedDevice[]> {
    try {
      return (await accounts.accountOf(user)).devices;
    } catch (error) {
      if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
      if (["forbidden", "member_not_found", "request_refused"].includes(error.code)) return [];
      throw error;
    }
  }
}
