import { randomBytes } from "node:crypto";

const origin = randomBytes(6);
let count = 0;

/** Writes a new UUIDv7 (RFC 9562) from the time, random bytes of this process, and a counter. */
export function writeMessageId(target: Buffer, at: number): void {
  target.writeUIntBE(Date.now(), at, 6);
  target[at + 6] = 0x70;
  target[at + 7] = 0;
  target.set(origin, at + 8);
  target[at + 8] = 0x80 | ((origin[0] ?? 0) >> 2);
  target.writeUIntBE(++count, at + 12, 4);
}
