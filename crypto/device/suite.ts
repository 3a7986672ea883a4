import type { Packet } from "../wire/frame.ts";
import type { SuiteName } from "../wire/suites.ts";
import type { Uuid } from "../wire/uuid.ts";
import type { DeviceId, ConversationId } from "../wire/ids.ts";
import type { StoreTransaction } from "./store-transaction.ts";

/**
 * Another device, certified by its account. This device has checked the certificate (see
 * identity.ts).
 */
export interface PeerDevice {
  readonly device: DeviceId;
  readonly identityKey: Uint8Array;
}

/** Options of `Suite.createPreKeys`. */
export interface PreKeyRequest {
  /** The number of one-time prekeys of each kind to make. */
  readonly oneTime: number;
  /** Milliseconds since the Unix epoch. It decides renewal. */
  readonly nowMs: number;
  /**
   * If false, the signed and last-resort prekeys are returned unchanged, whatever their age.
   * Default: true.
   */
  readonly renew?: boolean;
  /** Ids up to this one are left out. Default: 0. */
  readonly highestId?: number;
}

/** Options of `Suite.replaceKeys`. */
export interface ReplacementRequest {
  /** The highest id that may belong to a key that the store does not know of. */
  readonly highestId: number;
  /** The number of one-time prekeys of each kind to make. */
  readonly oneTime: number;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Public prekeys to upload. Ids count up from 1 and are never used again. */
export interface PreKeyUpload {
  readonly signedPreKey: SignedPreKey;
  readonly lastResortKyberPreKey: SignedPreKey;
  readonly preKeys: readonly { readonly id: number; readonly publicKey: Uint8Array }[];
  readonly kyberPreKeys: readonly SignedPreKey[];
}

export interface SignedPreKey {
  readonly id: number;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** The relay's answer for one device, with at most one one-time prekey of each kind. */
export interface PreKeyBundle {
  readonly device: DeviceId;
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: SignedPreKey;
  readonly preKey: { readonly id: number; readonly publicKey: Uint8Array } | undefined;
  /** A one-time Kyber prekey, or the last-resort one when no one-time prekey is left. */
  readonly kyberPreKey: SignedPreKey;
}

export interface SealRequest {
  readonly conversation: ConversationId;
  readonly epoch: number;
  /** Every other member device of the epoch. Exactly these receive packets. */
  readonly devices: readonly DeviceId[];
  /**
   * Devices among `devices` whose bundles cannot be used. Those without a session get an empty
   * packet instead of the key, so they cannot open the message. Default: none.
   */
  readonly without?: readonly DeviceId[];
  /**
   * Devices among `devices` that get an empty packet in any case. If they change, the key is replaced:
   * a device keeps the keys that it was given. Default: none.
   */
  readonly withheld?: readonly DeviceId[];
  /** Devices among `devices` whose sessions may be stale, because they could not be renewed. */
  readonly unrenewed?: readonly DeviceId[];
  readonly plaintext: Uint8Array;
  /** Milliseconds since the Unix epoch, by the local clock. It decides rotation. */
  readonly nowMs: number;
}

/** A session in which no fresh key exchange took place for too long. */
export interface StaleSession {
  readonly device: DeviceId;
  /** When the last one took place, by the local clock. 0 if it is not known. */
  readonly sinceMs: number;
}

/** A stale session that could not be renewed. */
export interface UnrenewedSession extends StaleSession {
  /** When the first attempt failed, by the local clock. */
  readonly failingSinceMs: number;
}

export interface Sealed {
  readonly keyId: Uuid;
  readonly ciphertext: Uint8Array;
  /**
   * Key material for each of `devices` on the first message under a key; otherwise none. A packet is
   * empty for a device that was left out.
   */
  readonly packets: readonly Packet[];
}

export interface OpenRequest {
  readonly conversation: ConversationId;
  readonly epoch: number;
  readonly senderDevice: DeviceId;
  readonly keyId: Uuid;
  readonly ciphertext: Uint8Array;
  readonly packet: Uint8Array | undefined;
  /**
   * The number of messages that a sending key of the tenant may serve. Default: the suite's own
   * limit.
   */
  readonly keyMaxMessages?: number | undefined;
  /** Milliseconds since the Unix epoch, by the local clock. */
  readonly nowMs: number;
}

/** The context that a packet for single devices is bound to. */
export interface PrivatePacketContext {
  readonly conversation: ConversationId;
  /** Id of the receipt that it belongs to. */
  readonly id: Uuid;
}

export interface SealToRequest
  extends
    PrivatePacketContext,
    Pick<SealRequest, "devices" | "plaintext" | "unrenewed" | "nowMs"> {}

export interface OpenFromRequest extends PrivatePacketContext, Pick<OpenRequest, "nowMs"> {
  readonly senderDevice: DeviceId;
  readonly packet: Uint8Array;
}

/** A sending key is replaced after this many messages, or after this long. */
export interface RotationLimits {
  readonly maxMessages: number;
  readonly maxAgeMs: number;
}

/**
 * An end-to-end cipher suite. Every method reads and stages its state in the transaction that it is
 * given. Nothing is durable until the caller commits, so a crash loses all of an operation or
 * nothing.
 */
export interface Suite {
  readonly name: SuiteName;
  /**
   * Generates this device's long-term suite keys, or returns the existing ones.
   * @returns the public identity key to certify
   * @throws SuiteError no_identity: the store belongs to another device
   */
  createIdentity(
    transaction: StoreTransaction,
    self: DeviceId,
  ): Promise<{ identityKey: Uint8Array; registrationId: number }>;
  /**
   * Generates `oneTime` one-time prekeys of each kind. The signed and last-resort prekeys are
   * returned again, and replaced when they are over 11 hours old. The old private halves open late
   * first messages for 30 more days and are then deleted. Call it hourly, with `oneTime: 0` if you
   * need no others, and upload the result until the server has it. With `renew: false` it only
   * returns the last ones made.
   */
  createPreKeys(transaction: StoreTransaction, request: PreKeyRequest): Promise<PreKeyUpload>;
  /**
   * Records a certified device. From then on, only this key is accepted for it. A device that
   * registers again gets a new id.
   * @throws SuiteError untrusted_identity: another key is recorded
   */
  trust(transaction: StoreTransaction, peer: PeerDevice): Promise<void>;
  /** Returns which of `devices` need a bundle before anything can be sealed to them. */
  withoutSession(
    transaction: StoreTransaction,
    devices: readonly DeviceId[],
  ): Promise<readonly DeviceId[]>;
  /**
   * Returns which of `devices` need a bundle before a new key is sealed to them, because their
   * sessions are stale. Whoever copied this device's store since then can read what is sent in them.
   */
  staleSessions(
    transaction: StoreTransaction,
    devices: readonly DeviceId[],
    nowMs: number,
  ): Promise<readonly StaleSession[]>;
  /**
   * Notes that sessions with `devices` could not be renewed. A fresh exchange clears the note.
   * @returns those that are still stale, with the time of the first failure
   */
  noteUnrenewed(
    transaction: StoreTransaction,
    devices: readonly DeviceId[],
    nowMs: number,
  ): Promise<readonly UnrenewedSession[]>;
  /**
   * Starts a session from a prekey bundle. Nothing more is sent in an existing session, but for 30
   * days it still opens what the peer sends in it.
   * @param nowMs milliseconds since the Unix epoch, by the local clock
   * @throws SuiteError untrusted_identity, invalid_bundle
   */
  establish(transaction: StoreTransaction, bundle: PreKeyBundle, nowMs: number): Promise<void>;
  /**
   * Encrypts to the members. Uses a new key if the epoch or the devices changed, or after `rotate`.
   * @throws SuiteError no_session, stale_session
   */
  seal(transaction: StoreTransaction, request: SealRequest): Promise<Sealed>;
  /**
   * Decrypts one message.
   * @throws SuiteError untrusted_identity, undecryptable, duplicate, no_key
   */
  open(transaction: StoreTransaction, request: OpenRequest): Promise<Uint8Array>;
  /**
   * Encrypts to each of `devices` separately, so no other member can open its packet. The packet is
   * bound to the place.
   * @throws SuiteError no_session, stale_session, untrusted_identity
   */
  sealTo(transaction: StoreTransaction, request: SealToRequest): Promise<readonly Packet[]>;
  /**
   * Decrypts a packet that `sealTo` made on `senderDevice` for exactly this place. It works once
   * per packet.
   * @throws SuiteError untrusted_identity, undecryptable
   */
  openFrom(transaction: StoreTransaction, request: OpenFromRequest): Promise<Uint8Array>;
  /** Makes the next `seal` of this conversation use a fresh key. */
  rotate(transaction: StoreTransaction, conversation: ConversationId): Promise<void>;
  /**
   * Replaces all keys that a store which is an older copy may have used without knowing it. It
   * deletes all sending keys and all one-time prekeys. It retires the signed and the last-resort
   * prekey. Nothing more is sent in existing sessions, but for 30 days they still open what peers
   * send in them. Repeat the call until the upload that it returns has arrived.
   * @throws SuiteError no_identity
   */
  replaceKeys(transaction: StoreTransaction, request: ReplacementRequest): Promise<PreKeyUpload>;
}

export type SuiteErrorCode =
  | "no_identity" // createIdentity was not called yet, or it was for another device
  | "no_session" // devices without a session: fetch bundles, establish, seal again
  | "stale_session" // sessions without a fresh exchange: fetch bundles, establish, seal again
  | "no_key" // no sender key for this key id: the message cannot be opened by this device
  | "duplicate" // this message was opened before
  | "undecryptable" // the ciphertext is damaged, forged, or for another key
  | "untrusted_identity" // the identity key is not the certified one
  | "invalid_bundle"; // a prekey bundle whose signatures do not verify

export class SuiteError extends Error {
  override readonly name = "SuiteError";
  readonly code: SuiteErrorCode;
  /** The devices concerned, for codes that concern devices. */
  readonly devices: readonly DeviceId[];
  constructor(
    code: SuiteErrorCode,
    message: string,
    options: ErrorOptions & { devices?: readonly DeviceId[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.devices = options.devices ?? [];
  }
}
