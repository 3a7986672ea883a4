import { decode, encode, type Message } from "../crypto/wire/protobuf.ts";

/** Encodes one record of the device's store. */
export const encodeRecord = <T>(type: Message<T>, value: T): Uint8Array =>
  // In Node the writer returns a Buffer, whose slices share memory. This copy is a plain
  // Uint8Array.
  Uint8Array.from(encode(type, value));

/**
 * @throws WireError malformed_frame: the record is from another release, or the store is damaged
 */
export const decodeRecord = <T>(type: Message<T>, value: Uint8Array): T => decode(type, value);
