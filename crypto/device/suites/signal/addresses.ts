import { ProtocolAddress } from "@signalapp/libsignal-client";
import type { Uuid } from "../../../wire/uuid.ts";

/** Our device ids are globally unique, so every device is device 1 under its own name. */
export const addressOf = (device: Uuid): ProtocolAddress => ProtocolAddress.new(device, 1);

/** Returns a copy in memory of its own, as libsignal's types require. */
export const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
