import { createHash } from "node:crypto";

/**
 * Returns the SHA-256 of a stored value in hexadecimal digits. Entries have it of values that the log must not have, so
 * that a value that somebody replaced by SQL is found. Give it only what is random itself, such as a salted hash or the
 * result of a MAC.
 */
export const digestOf = (value: string | Uint8Array): string =>
  createHash("sha256").update(value).digest("hex");
