/**
 * The frames of the bare relays have fixed offsets, so there is nothing to parse: a type byte, the
 * conversation (16 bytes), the event's number (6 bytes), the message id (16 bytes), the body.
 */
export const bare = { hello: 1, send: 2, ack: 3, accepted: 4, deliver: 5, synced: 6 } as const;

export const SEQ_AT = 17;
export const ID_AT = 23;
export const BODY_AT = 39;
/** A hello is the type, the device (4 bytes), then cursors. An acknowledgement has no device. */
const CURSOR_BYTES = 22;

/** Returns the 16 bytes of a conversation as a map key. */
export const keyAt = (frame: Buffer, at: number): string => frame.toString("latin1", at, at + 16);

/** @returns a frame of `head` bytes, followed by cursors */
export function withCursors(
  head: Buffer,
  cursors: Iterable<readonly [conversation: string, seq: number]>,
): Buffer {
  const parts = [head];
  for (const [conversation, seq] of cursors) {
    const part = Buffer.allocUnsafe(CURSOR_BYTES);
    part.write(conversation, 0, "latin1");
    part.writeUIntBE(seq, 16, 6);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export function* cursorsIn(frame: Buffer, from: number): Iterable<readonly [string, number]> {
  for (let at = from; at < frame.length; at += CURSOR_BYTES)
    yield [keyAt(frame, at), frame.readUIntBE(at + 16, 6)];
}
