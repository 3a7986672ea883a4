import { concat, equalBytes } from "../../../wire/bytes.ts";
import { uuidFromBytes, uuidToBytes, type Uuid } from "../../../wire/uuid.ts";
import { parseId, type DeviceId, type ConversationId } from "../../../wire/ids.ts";
import { sha256 } from "../../sodium.ts";
import type { RotationLimits, SealRequest } from "../../suite.ts";
import type { Staging } from "./staging.ts";
import { names, prefixes } from "./store-names.ts";

/** The sender key that this device encrypts with in one conversation. */
export interface OwnKey {
  readonly keyId: Uuid;
  readonly epoch: number;
  /** Whom the key is for: see `digestOfReceivers`. */
  readonly devices: Uint8Array;
  readonly messages: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
}

/** Returns SHA-256 over the sorted ids of the devices, and then of those that the key is withheld from. */
export function digestOfReceivers({
  devices,
  withheld = [],
}: Pick<SealRequest, "devices" | "withheld">): Uint8Array {
  const sorted = devices.toSorted();
  const without = sorted.filter((device) => withheld.includes(device));
  return sha256(concat(...[...sorted, ...without].map(uuidToBytes)));
}

/**
 * Returns whether the key may encrypt one more message: the epoch, the devices and those that
 * it is withheld from are the same, and the limits are not reached.
 */
export function isWithinLimits(key: OwnKey, request: SealRequest, limits: RotationLimits): boolean {
  const ageMs = request.nowMs - key.createdAtMs;
  return (
    key.epoch === request.epoch &&
    equalBytes(key.devices, digestOfReceivers(request)) &&
    key.messages < limits.maxMessages &&
    // The key's age is unknown if the clock was set back.
    ageMs >= 0 &&
    ageMs < limits.maxAgeMs
  );
}

/** Record: key id 16 || epoch, u32 || messages, u32 || created at, f64 || devices 32. */
const recordBytes = 64;

export function saveOwnKey(staging: Staging, conversation: ConversationId, key: OwnKey): void {
  const record = new Uint8Array(recordBytes);
  const view = new DataView(record.buffer);
  record.set(uuidToBytes(key.keyId), 0);
  view.setUint32(16, key.epoch);
  view.setUint32(20, key.messages);
  view.setFloat64(24, key.createdAtMs);
  record.set(key.devices, 32);
  staging.put(names.ownKey(conversation), record);
}

export async function loadOwnKey(
  staging: Staging,
  conversation: ConversationId,
): Promise<OwnKey | undefined> {
  const record = await staging.get(names.ownKey(conversation));
  if (record === undefined) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return {
    keyId: uuidFromBytes(record),
    epoch: view.getUint32(16),
    messages: view.getUint32(20),
    createdAtMs: view.getFloat64(24),
    devices: record.subarray(32),
  };
}

/** Deletes every sending key and its chain. */
export async function dropOwnKeys(staging: Staging, self: DeviceId): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.ownKey)) {
    const conversation = parseId<ConversationId>(name.slice(prefixes.ownKey.length));
    const key = await loadOwnKey(staging, conversation);
    if (key !== undefined) dropOwnKey(staging, self, conversation, key);
  }
}

/** Deletes the key and its chain. Its ciphertexts cannot be recomputed here. */
export function dropOwnKey(
  staging: Staging,
  self: DeviceId,
  conversation: ConversationId,
  key: OwnKey,
): void {
  staging.delete(names.senderKey({ conversation, epoch: key.epoch }, self, key.keyId));
  staging.delete(names.ownKey(conversation));
}
