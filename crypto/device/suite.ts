import type { Packet } from "../wire/frame.ts";
import type { Uuid } from "../wire/uuid.ts";
import type { StoreTransaction } from "./store-transaction.ts";

/** Names of suites, as a conversation's creation record fixes them. */
export type SuiteName = "signal-v1" | "mls-v1";

/** Another device, certified by its account and checked by this one (see identity.ts). */
export interface PeerDevice {
  readonly device: Uuid;
  readonly identityKey: Uint8Array;
}

/** What to make, see `Suite.createPreKeys`. */
export interface PreKeyRequest {
  /** One-time prekeys of each kind. */
  readonly oneTime: number;
  /** Milliseconds since the Unix epoch; decides renewal. */
  readonly now: number;
  /** False repeats the signed and last-resort prekeys whatever their age. Default: true. */
  readonly renew?: boolean;
}

/** Public prekeys for upload. Ids count up from 1 and are never used again. */
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

/** What the relay hands out for one device: at most one one-time prekey of each kind. */
export interface PreKeyBundle {
  readonly device: Uuid;
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: SignedPreKey;
  readonly preKey: { readonly id: number; readonly publicKey: Uint8Array } | undefined;
  /** A one-time Kyber prekey, or the last-resort one when those ran out. */
  readonly kyberPreKey: SignedPreKey;
}

export interface SealRequest {
  readonly conversation: Uuid;
  readonly epoch: number;
  /** Every other member device of the epoch; the packets go to exactly these. */
  readonly devices: readonly Uuid[];
  readonly plaintext: Uint8Array;
  /** Milliseconds since the Unix epoch; decides rotation. */
  readonly now: number;
}

export interface Sealed {
  readonly keyId: Uuid;
  readonly ciphertext: Uint8Array;
  /** Key material for each of `devices`, on the first message under a key; else empty. */
  readonly packets: readonly Packet[];
}

export interface OpenRequest {
  readonly conversation: Uuid;
  readonly epoch: number;
  readonly senderDevice: Uuid;
  readonly keyId: Uuid;
  readonly ciphertext: Uint8Array;
  readonly packet: Uint8Array | undefined;
}

/** What something sealed to single devices is for. */
export interface PrivatePlace {
  readonly conversation: Uuid;
  /** Id of the receipt it belongs to. */
  readonly id: Uuid;
}

/** After so many messages, or so long, a sending key is replaced. */
export interface RotationLimits {
  readonly maxMessages: number;
  readonly maxAgeMs: number;
}

/**
 * One end-to-end cipher suite. Every method reads and stages its state in the transaction it is
 * given; nothing is durable until the caller commits, so a crash loses either all of an operation
 * or none of it.
 */
export interface Suite {
  readonly name: SuiteName;
  /**
   * Makes this device's long-term suite keys, or returns the ones made before.
   * @returns the public identity key to be certified.
   * @throws SuiteError no_identity: the store belongs to another device
   */
  createIdentity(
    transaction: StoreTransaction,
    self: Uuid,
  ): Promise<{ identityKey: Uint8Array; registrationId: number }>;
  /**
   * Makes `oneTime` one-time prekeys of each kind. The signed and last-resort ones are repeated, and
   * made anew when they are over 7 days old; the old private halves open late first messages for
   * 30 days more and are then deleted. Call it daily, with `oneTime: 0` if need be, and upload what
   * it returns until the server has it. With `renew: false` it only says what was made last.
   */
  createPreKeys(transaction: StoreTransaction, request: PreKeyRequest): Promise<PreKeyUpload>;
  /**
   * Records a certified device; its key is the only one accepted for it from then on.
   * @throws SuiteError untrusted_identity: another key is recorded; a re-registered device gets a new id
   */
  trust(transaction: StoreTransaction, peer: PeerDevice): Promise<void>;
  /** Which of `devices` need a bundle before anything can be sealed to them. */
  withoutSession(transaction: StoreTransaction, devices: readonly Uuid[]): Promise<readonly Uuid[]>;
  /** Starts a session from a prekey bundle. @throws SuiteError untrusted_identity, invalid_bundle */
  establish(transaction: StoreTransaction, bundle: PreKeyBundle): Promise<void>;
  /**
   * Encrypts to the members, under a new key when the epoch, the devices, or `rotate` ask for it.
   * @throws SuiteError no_session
   */
  seal(transaction: StoreTransaction, request: SealRequest): Promise<Sealed>;
  /**
   * Decrypts one message. @throws SuiteError untrusted_identity, undecryptable, duplicate, no_key
   */
  open(transaction: StoreTransaction, request: OpenRequest): Promise<Uint8Array>;
  /**
   * Encrypts to each of `devices` alone: no other member can open its packet. Bound to the place.
   * @throws SuiteError no_session, untrusted_identity
   */
  sealTo(
    transaction: StoreTransaction,
    request: PrivatePlace & { readonly devices: readonly Uuid[]; readonly plaintext: Uint8Array },
  ): Promise<readonly Packet[]>;
  /**
   * Decrypts a packet that `sealTo` made on `senderDevice`, for exactly this place. Once.
   * @throws SuiteError untrusted_identity, undecryptable
   */
  openFrom(
    transaction: StoreTransaction,
    request: PrivatePlace & { readonly senderDevice: Uuid; readonly packet: Uint8Array },
  ): Promise<Uint8Array>;
  /** Makes the next `seal` of this conversation use a fresh key. */
  rotate(transaction: StoreTransaction, conversation: Uuid): Promise<void>;
}

export type SuiteErrorCode =
  | "no_identity" // createIdentity was not called yet, or it was for another device
  | "no_session" // devices without a session: fetch bundles, establish, seal again
  | "no_key" // no sender key for this key id: the message cannot be opened by this device
  | "duplicate" // this message was opened before
  | "undecryptable" // the ciphertext is damaged, forged, or for another key
  | "untrusted_identity" // the identity key is not the certified one
  | "invalid_bundle"; // a prekey bundle whose signatures do not verify

export class SuiteError extends Error {
  override readonly name = "SuiteError";
  readonly code: SuiteErrorCode;
  /** The devices concerned, where the code speaks of devices. */
  readonly devices: readonly Uuid[];
  constructor(
    code: SuiteErrorCode,
    message: string,
    options: ErrorOptions & { devices?: readonly Uuid[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.devices = options.devices ?? [];
  }
}
