import { PrivateKey, type ProtocolAddress } from "@signalapp/libsignal-client";
import { concat } from "../../../wire/bytes.ts";
import { uuidToBytes } from "../../../wire/uuid.ts";
import { idFromBytes, type DeviceId } from "../../../wire/ids.ts";
import { SuiteError } from "../../suite.ts";
import { addressOf, owned } from "./addresses.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/** This device's long-term keys. */
export interface Self {
  readonly device: DeviceId;
  readonly address: ProtocolAddress;
  readonly registrationId: number;
  readonly identity: PrivateKey;
}

/** Record: device 16 || registration id, u16 || private key 32. */
const privateKeyAt = 18;

/**
 * @throws SuiteError no_identity: none was created, or it belongs to another device than `expected`
 */
export async function loadSelf(staging: Staging, expected?: DeviceId): Promise<Self> {
  const record = await staging.get(names.self);
  if (record === undefined) throw new SuiteError("no_identity", "No suite identity was created.");
  const self = decode(record);
  if (expected !== undefined && self.device !== expected)
    throw new SuiteError("no_identity", "The store holds another device's identity.");
  return self;
}

/**
 * Makes the identity, or returns the existing one. A replacement would invalidate every session.
 */
export async function createSelf(staging: Staging, device: DeviceId): Promise<Self> {
  if ((await staging.get(names.self)) !== undefined) return loadSelf(staging, device);
  // In libsignal, registration ids are 1 to 0x3fff.
  const [random = 0] = crypto.getRandomValues(new Uint16Array(1));
  const registrationId = (random % 0x3fff) + 1;
  const identity = PrivateKey.generate();
  const id = Uint8Array.of(registrationId >> 8, registrationId & 0xff);
  staging.put(names.self, concat(uuidToBytes(device), id, identity.serialize()));
  return { device, address: addressOf(device), registrationId, identity };
}

function decode(record: Uint8Array): Self {
  const device = idFromBytes<DeviceId>(record);
  const [high = 0, low = 0] = record.subarray(16, privateKeyAt);
  return {
    device,
    address: addressOf(device),
    registrationId: (high << 8) | low,
    identity: PrivateKey.deserialize(owned(record.subarray(privateKeyAt))),
  };
}
