import { ProtocolAddress } from "@signalapp/libsignal-client";
import type { Uuid } from "../../../wire/uuid.ts";

/** Our device ids are unique by themselves, so every device is device 1 of its own name. */
export const addressOf = (device: Uuid): ProtocolAddress => ProtocolAddress.new(device, 1);

/** A copy in memory of its own, as libsignal's types ask for. */
export const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
