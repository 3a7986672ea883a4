import { equalBytes } from "../wire/bytes.ts";
import { isUuid } from "../wire/uuid.ts";
import { ecKeyBytes } from "../wire/key-sizes.ts";
import { deviceRecordBytes, type DeviceRecord } from "../wire/signed-records.ts";
import { DeviceError } from "./device-error.ts";
import {
  createSigner,
  generateSigningKey,
  sign,
  verifySignature,
  zeroise,
  type Signer,
  type SigningKeyPair,
} from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";

/** The Ed25519 keys of a device. */
export type IdentityKeyName = "device" | "receipt";

/** The public keys of a device, with its certificate: the signature of its device key. */
export interface CertifiedDevice {
  readonly record: DeviceRecord;
  readonly signature: Uint8Array;
}

const keyName = (name: IdentityKeyName): string => `identity!${name}`;
const publicKeyBytes = 32;

/**
 * Generates the named key pair, or returns the existing one. It never replaces a key.
 * @returns the public key, 32 bytes
 */
export async function createIdentityKey(
  transaction: StoreTransaction,
  name: IdentityKeyName,
): Promise<Uint8Array> {
  const existing = await transaction.get(keyName(name));
  if (existing !== undefined) return publicHalf(existing);
  const { publicKey, privateKey } = generateSigningKey();
  transaction.put(keyName(name), privateKey);
  return publicKey;
}

/** @throws DeviceError no_identity */
export async function loadIdentityKey(
  transaction: Pick<StoreTransaction, "get">,
  name: IdentityKeyName,
): Promise<SigningKeyPair> {
  const privateKey = await transaction.get(keyName(name));
  if (privateKey === undefined)
    throw new DeviceError("no_identity", `This device does not hold the ${name} key.`);
  return { privateKey, publicKey: publicHalf(privateKey) };
}

/**
 * Returns a signer for the named key, for what is signed often.
 * @throws DeviceError no_identity
 */
export async function loadSigner(
  transaction: Pick<StoreTransaction, "get">,
  name: IdentityKeyName,
): Promise<Signer> {
  const { privateKey } = await loadIdentityKey(transaction, name);
  const signer = await createSigner(privateKey);
  zeroise(privateKey);
  return signer;
}

/**
 * Certifies this device with its device key's Ed25519 signature over `deviceRecordBytes`. Every other device
 * checks the signature before it talks to this one.
 * @throws DeviceError no_identity; invalid_device_record: the record is of another device key
 */
export async function certifyDevice(
  transaction: Pick<StoreTransaction, "get">,
  record: DeviceRecord,
): Promise<CertifiedDevice> {
  const { privateKey } = await loadIdentityKey(transaction, "device");
  const certified = { record, signature: sign(deviceRecordBytes(record), privateKey) };
  verifyDevice(certified, record.accountKey);
  return certified;
}

/**
 * Checks that the device certified its record, and that the record names this account key. Whether the
 * device came to the account rightfully is in the key log.
 * @throws DeviceError account_key_changed: the record names another account key;
 *   invalid_device_record: identifiers, lengths or signature are wrong
 */
export function verifyDevice(device: CertifiedDevice, accountKey: Uint8Array): void {
  const { record, signature } = device;
  const keys = [record.accountKey, record.deviceKey, record.receiptKey];
  if (![record.tenant, record.user, record.device].every(isUuid))
    throw new DeviceError("invalid_device_record", "An identifier of the record is not a UUID.");
  if (
    keys.some(({ length }) => length !== publicKeyBytes) ||
    record.identityKey.length !== ecKeyBytes
  )
    throw new DeviceError(
      "invalid_device_record",
      "A key in the device record has a wrong length.",
    );
  if (!equalBytes(record.accountKey, accountKey))
    throw new DeviceError("account_key_changed", "The device names another account key.");
  if (!verifySignature(deviceRecordBytes(record), signature, record.deviceKey))
    throw new DeviceError("invalid_device_record", "The device did not certify this record.");
}

/** libsodium's Ed25519 private key is seed || public key. */
const publicHalf = (privateKey: Uint8Array): Uint8Array => privateKey.slice(publicKeyBytes);
