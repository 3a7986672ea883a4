import { fixed, message, uuid, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { admitDevice } from "../../crypto/device/admit-device.ts";
import {
  loadIdentityKey,
  verifyDevice,
  type CertifiedDevice,
} from "../../crypto/device/identity.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { codeOf, isTransient, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const prefix = "peer!";
const peer = message({ user: [1, uuid], deviceKey: [2, fixed(32)], receiptKey: [3, fixed(32)] });

/** A device whose certificate was checked. */
export type KnownDevice = MessageOf<typeof peer>;

/** Why a device is not talked to. */
export interface Distrust {
  readonly user: Uuid;
  readonly code: "account_key_changed" | "invalid_device_record";
}

/**
 * The devices this one has checked: each certified by its account, whose key was pinned when it
 * was first seen. A changed account key is never accepted here.
 */
export class Trust {
  readonly #suite: Suite;
  readonly #api: Pick<Api, "devicesOf">;
  readonly #self: Uuid;
  readonly #known: Map<Uuid, KnownDevice>;
  readonly #distrusted = new Map<Uuid, Distrust>();

  private constructor(
    deps: { readonly suite: Suite; readonly api: Pick<Api, "devicesOf">; readonly self: Uuid },
    known: Map<Uuid, KnownDevice>,
  ) {
    this.#suite = deps.suite;
    this.#api = deps.api;
    this.#self = deps.self;
    this.#known = known;
  }

  /** @param deps.self the user whose device this is */
  static async load(
    deps: { readonly suite: Suite; readonly api: Pick<Api, "devicesOf">; readonly self: Uuid },
    store: DeviceStore,
  ): Promise<Trust> {
    const entries = await store.read((transaction) => transaction.list(prefix));
    const known = entries.map(([key, value]): [Uuid, KnownDevice] => [
      key.slice(prefix.length),
      decodeRecord(peer, value),
    ]);
    return new Trust(deps, new Map(known));
  }

  device(device: Uuid): KnownDevice | undefined {
    return this.#known.get(device);
  }

  /** Why `device` was not admitted, if it was looked at. */
  distrustOf(device: Uuid): Distrust | undefined {
    return this.#distrusted.get(device);
  }

  /**
   * Asks the server for the records of members' devices that were never looked at. Not inside a
   * store transaction: this waits for the network.
   * @throws SealdeskError that is transient; a user the server does not show has no devices
   */
  async lookUp(members: readonly Member[], ownDevice: Uuid): Promise<readonly CertifiedDevice[]> {
    const found: CertifiedDevice[] = [];
    for (const { user, devices } of members) {
      const isNew = (device: Uuid) =>
        device !== ownDevice && !this.#known.has(device) && !this.#distrusted.has(device);
      if (!devices.some(isNew)) continue;
      const records = await this.#devicesOf(user);
      found.push(...records.filter(({ record }) => isNew(record.device)));
    }
    return found;
  }

  /**
   * Checks devices and lets the suite talk to the good ones. Call the function it returns once the
   * transaction is committed.
   */
  async admit(
    transaction: StoreTransaction,
    devices: readonly CertifiedDevice[],
  ): Promise<{ readonly distrusted: readonly Distrust[]; readonly committed: () => void }> {
    const good = new Map<Uuid, KnownDevice>();
    const bad = new Map<Uuid, Distrust>();
    for (const device of devices) {
      const { record } = device;
      const code = await this.#admitOne(transaction, device);
      if (code !== undefined) {
        bad.set(record.device, { user: record.user, code });
        continue;
      }
      const value = {
        user: record.user,
        deviceKey: record.deviceKey,
        receiptKey: record.receiptKey,
      };
      good.set(record.device, value);
      transaction.put(prefix + record.device, encodeRecord(peer, value));
    }
    const committed = () => {
      for (const [device, value] of good) this.#known.set(device, value);
      for (const [device, value] of bad) this.#distrusted.set(device, value);
    };
    return { distrusted: [...bad.values()], committed };
  }

  /**
   * Forgets what was decided about a user's devices, the good ones too: their new account key must
   * certify them. Call the function it returns once the transaction is committed.
   */
  reconsider(transaction: StoreTransaction, user: Uuid): () => void {
    const known = [...this.#known].filter(([, device]) => device.user === user);
    for (const [device] of known) transaction.delete(prefix + device);
    return () => {
      for (const [device] of known) this.#known.delete(device);
      for (const [device, distrust] of this.#distrusted)
        if (distrust.user === user) this.#distrusted.delete(device);
    };
  }

  async #admitOne(
    transaction: StoreTransaction,
    device: CertifiedDevice,
  ): Promise<Distrust["code"] | undefined> {
    try {
      // Of the own account nothing is taken on first sight: its key is here.
      if (device.record.user === this.#self)
        verifyDevice(device, (await loadIdentityKey(transaction, "account")).publicKey);
      await admitDevice(transaction, this.#suite, device);
      return undefined;
    } catch (error) {
      const code = codeOf(error, "DeviceError");
      if (code === "account_key_changed" || code === "invalid_device_record") return code;
      if (codeOf(error, "SuiteError") === "untrusted_identity") return "invalid_device_record";
      throw error;
    }
  }

  async #devicesOf(user: Uuid): Promise<readonly CertifiedDevice[]> {
    try {
      return await this.#api.devicesOf(user);
    } catch (error) {
      if (!(error instanceof SealdeskError) || isTransient(error)) throw error;
      if (["forbidden", "member_not_found", "request_refused"].includes(error.code)) return [];
      throw error;
    }
  }
}
