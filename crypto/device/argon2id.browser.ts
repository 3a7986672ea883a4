import { argon2idAsync } from "@noble/hashes/argon2.js";
import type { Argon2Cost } from "./argon2id.ts";

/** As in `argon2id.ts`, without WebAssembly. Lets the page work now and then while it runs. */
export const argon2id = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  { passes, memory, bytes }: Argon2Cost,
): Promise<Uint8Array> =>
  argon2idAsync(passphrase, salt, { t: passes, m: memory / 1024, p: 1, dkLen: bytes });
