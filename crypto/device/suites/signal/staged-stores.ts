import * as signal from "@signalapp/libsignal-client";
import { equalBytes } from "../../../wire/bytes.ts";
import type { DeviceId } from "../../../wire/ids.ts";
import { deviceOf, owned } from "./addresses.ts";
import type { Self } from "./self.ts";
import type { Staging } from "./staging.ts";
import { names, type ConversationEpoch } from "./store-names.ts";

/** libsignal's session, identity and sender-key stores, on the staged writes of one operation. */
export class Sessions extends signal.SessionStore {
  readonly #staging: Staging;
  readonly #nameOf: (device: DeviceId) => string;

  /** @param nameOf returns the name of a device's session; by default, of the session to send in */
  constructor(staging: Staging, nameOf: (device: DeviceId) => string = names.session) {
    super();
    this.#staging = staging;
    this.#nameOf = nameOf;
  }

  async saveSession(address: signal.ProtocolAddress, record: signal.SessionRecord): Promise<void> {
    this.#staging.put(this.#nameOf(deviceOf(address)), record.serialize());
  }

  getSession(address: signal.ProtocolAddress): Promise<signal.SessionRecord | null> {
    return this.#staging.remembering(async () => {
      const record = await this.#staging.get(this.#nameOf(deviceOf(address)));
      return record === undefined ? null : signal.SessionRecord.deserialize(owned(record));
    });
  }

  async getExistingSessions(addresses: signal.ProtocolAddress[]): Promise<signal.SessionRecord[]> {
    const records = await Promise.all(addresses.map((address) => this.getSession(address)));
    return records.filter((record) => record !== null);
  }
}

/** Trusts the identity keys that `trust` recorded. It never learns a key from a message. */
export class Identities extends signal.IdentityKeyStore {
  readonly #staging: Staging;
  readonly #self: Self;

  constructor(staging: Staging, self: Self) {
    super();
    this.#staging = staging;
    this.#self = self;
  }

  async getIdentityKey(): Promise<signal.PrivateKey> {
    return this.#self.identity;
  }

  async getLocalRegistrationId(): Promise<number> {
    return this.#self.registrationId;
  }

  isTrustedIdentity(address: signal.ProtocolAddress, key: signal.PublicKey): Promise<boolean> {
    return this.#staging.remembering(async () => {
      const recorded = await this.#staging.get(names.peer(deviceOf(address)));
      return recorded !== undefined && equalBytes(recorded, key.serialize());
    });
  }

  /** libsignal passes only keys that are trusted already, so there is nothing to save. */
  async saveIdentity(): Promise<signal.IdentityChange> {
    return signal.IdentityChange.NewOrUnchanged;
  }

  getIdentity(address: signal.ProtocolAddress): Promise<signal.PublicKey | null> {
    return this.#staging.remembering(async () => {
      const recorded = await this.#staging.get(names.peer(deviceOf(address)));
      return recorded === undefined ? null : signal.PublicKey.deserialize(owned(recorded));
    });
  }
}

/** The sender keys of one conversation and epoch. */
export class SenderKeys extends signal.SenderKeyStore {
  readonly #staging: Staging;
  readonly #place: ConversationEpoch;

  constructor(staging: Staging, place: ConversationEpoch) {
    super();
    this.#staging = staging;
    this.#place = place;
  }

  async saveSenderKey(
    sender: signal.ProtocolAddress,
    keyId: signal.Uuid,
    record: signal.SenderKeyRecord,
  ): Promise<void> {
    this.#staging.put(names.senderKey(this.#place, deviceOf(sender), keyId), record.serialize());
  }

  getSenderKey(
    sender: signal.ProtocolAddress,
    keyId: signal.Uuid,
  ): Promise<signal.SenderKeyRecord | null> {
    return this.#staging.remembering(async () => {
      const name = names.senderKey(this.#place, deviceOf(sender), keyId);
      const record = await this.#staging.get(name);
      return record === undefined ? null : signal.SenderKeyRecord.deserialize(owned(record));
    });
  }
}
