import * as signal from "@signalapp/libsignal-client";
import { concat, toHex } from "../../../wire/bytes.ts";
import { SuiteError } from "../../suite.ts";
import { owned } from "./addresses.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/** libsignal's three prekey stores, on the staged writes of one operation. */
export class PreKeys extends signal.PreKeyStore {
  readonly #staging: Staging;

  constructor(staging: Staging) {
    super();
    this.#staging = staging;
  }

  async savePreKey(id: number, record: signal.PreKeyRecord): Promise<void> {
    this.#staging.put(names.preKey(id), record.serialize());
  }

  getPreKey(id: number): Promise<signal.PreKeyRecord> {
    return this.#staging.remembering(async () =>
      signal.PreKeyRecord.deserialize(await required(this.#staging, names.preKey(id))),
    );
  }

  async removePreKey(id: number): Promise<void> {
    this.#staging.delete(names.preKey(id));
  }
}

export class SignedPreKeys extends signal.SignedPreKeyStore {
  readonly #staging: Staging;

  constructor(staging: Staging) {
    super();
    this.#staging = staging;
  }

  async saveSignedPreKey(id: number, record: signal.SignedPreKeyRecord): Promise<void> {
    this.#staging.put(names.signedPreKey(id), record.serialize());
  }

  getSignedPreKey(id: number): Promise<signal.SignedPreKeyRecord> {
    return this.#staging.remembering(async () =>
      signal.SignedPreKeyRecord.deserialize(await required(this.#staging, names.signedPreKey(id))),
    );
  }
}

/**
 * A store without signed prekeys. With it, a first message opens only in the session that it belongs to.
 * libsignal would otherwise begin a second session in the record of another one.
 */
export class NoSignedPreKeys extends SignedPreKeys {
  readonly #staging: Staging;

  constructor(staging: Staging) {
    super(staging);
    this.#staging = staging;
  }

  override getSignedPreKey(): Promise<signal.SignedPreKeyRecord> {
    return this.#staging.remembering(() =>
      Promise.reject(new SuiteError("undecryptable", "The message is not of this session.")),
    );
  }
}

/** The kind of a stored Kyber prekey. It is the first byte of its record. */
const kinds = { oneTime: 0, lastResort: 1 } as const;

export class KyberPreKeys extends signal.KyberPreKeyStore {
  readonly #staging: Staging;

  constructor(staging: Staging) {
    super();
    this.#staging = staging;
  }

  async saveKyberPreKey(id: number, record: signal.KyberPreKeyRecord): Promise<void> {
    this.#save(id, record, kinds.oneTime);
  }

  saveLastResort(id: number, record: signal.KyberPreKeyRecord): void {
    this.#save(id, record, kinds.lastResort);
  }

  #save(id: number, record: signal.KyberPreKeyRecord, kind: number): void {
    this.#staging.put(names.kyberPreKey(id), concat(Uint8Array.of(kind), record.serialize()));
  }

  getKyberPreKey(id: number): Promise<signal.KyberPreKeyRecord> {
    return this.#staging.remembering(async () => {
      const record = await required(this.#staging, names.kyberPreKey(id));
      return signal.KyberPreKeyRecord.deserialize(record.slice(1));
    });
  }

  /**
   * Deletes a one-time key after its use. The last-resort key stays, so each of its uses is
   * recorded. Otherwise a first message could be replayed after its session was deleted (PQXDH,
   * section 4.12).
   */
  markKyberPreKeyUsed(id: number, signedId: number, baseKey: signal.PublicKey): Promise<void> {
    return this.#staging.remembering(async () => {
      const name = names.kyberPreKey(id);
      const record = await required(this.#staging, name);
      if (record[0] === kinds.oneTime) return this.#staging.delete(name);
      const use = names.kyberPreKeyUse(id, signedId, toHex(baseKey.serialize()));
      if ((await this.#staging.get(use)) !== undefined)
        throw new SuiteError(
          "undecryptable",
          "A first message to the last-resort key was repeated.",
        );
      this.#staging.put(use, Uint8Array.of(1));
    });
  }
}

/** @throws SuiteError undecryptable: the key is used up, or never belonged to this device */
async function required(staging: Staging, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const record = await staging.get(name);
  if (record === undefined)
    throw new SuiteError(
      "undecryptable",
      "The message is for a prekey that this device does not have.",
    );
  return owned(record);
}
