import { argon2id as hash } from "@noble/hashes/argon2.js";
import type { Argon2Cost } from "./argon2id.ts";

/** The same function as in `argon2id.ts`, without WebAssembly. It takes about ten times as long. */
export const argon2id = async (
  passphrase: Uint8Array,
  salt: Uint8Array,
  { passes, memory, bytes }: Argon2Cost,
): Promise<Uint8Array> =>
  hash(passphrase, salt, { t: passes, m: memory / 1024, p: 1, dkLen: bytes });
