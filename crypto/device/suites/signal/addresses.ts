import { ProtocolAddress } from "@signalapp/libsignal-client";
import { parseId, type DeviceId } from "../../../wire/ids.ts";

/** Our device ids are globally unique, so every device is device 1 under its own name. */
export const addressOf = (device: DeviceId): ProtocolAddress => ProtocolAddress.new(device, 1);

/** Returns the device of one of our addresses. */
export const deviceOf = (address: ProtocolAddress): DeviceId => parseId(address.name());

/** Returns a copy in memory of its own, as libsignal's types require. */
export const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
