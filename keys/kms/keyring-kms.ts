import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { open, seal } from "../at-rest/envelope.ts";
import { KeysError } from "../keys-error.ts";
import { replaceFile } from "../private-file.ts";
import type { Secret } from "../secret.ts";
import type { Kms, WrappedKey } from "./kms.ts";

const versionsSchema = z.record(
  z.string(),
  z.strictObject({ latest: z.int().min(1), oldest: z.int().min(1) }),
);
type Versions = z.infer<typeof versionsSchema>;

/**
 * A stand-in on the local keyring until the providers are there: wrapping keys are derived from one
 * of its keys (HKDF, RFC 5869), and a file beside it says which versions there are. What it destroys
 * it merely refuses to use.
 */
export function keyringKms(home: string, root: Secret<Uint8Array>): Kms {
  const path = join(home, "kek-versions.json");

  async function versions(): Promise<Versions> {
    try {
      return versionsSchema.parse(JSON.parse(await readFile(path, "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw new KeysError("kms_unreachable", "The versions of wrapping keys cannot be read.", {
        cause: error,
      });
    }
  }

  const change = async (key: string, next: Versions[string]): Promise<void> =>
    replaceFile(path, JSON.stringify({ ...(await versions()), [key]: next }));

  function secretOf(key: string, version: number): { id: Buffer; secret: KeyObject } {
    const bytes = hkdfSync("sha256", root.reveal(), "sealdesk/kek", `${key} ${version}`, 32);
    const id = Buffer.alloc(16);
    id.writeUInt32BE(version);
    return { id, secret: createSecretKey(Buffer.from(bytes)) };
  }

  async function usable(key: string, version?: number): Promise<number> {
    // A key that was never rotated has its first version, unwritten.
    const { latest, oldest } = (await versions())[key] ?? { latest: 1, oldest: 1 };
    if (version !== undefined && version > latest)
      throw new KeysError("kms_refused", "The wrapping key has no such version.");
    if ((version ?? latest) < oldest)
      throw new KeysError("kms_key_destroyed", "That version of the wrapping key is destroyed.");
    return version ?? latest;
  }

  async function wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    const version = await usable(key);
    return { version, bytes: seal(secretOf(key, version), context, plain) };
  }

  async function unwrap(key: string, { version, bytes }: WrappedKey, context: Uint8Array) {
    await usable(key, version);
    try {
      return open(secretOf(key, version), context, bytes);
    } catch (cause) {
      throw new KeysError("kms_refused", "The wrapped key or its context is not right.", { cause });
    }
  }

  const unsupported = async (): Promise<never> => {
    throw new KeysError("kms_refused", "This key-management service does not sign.");
  };

  return {
    name: "local",
    ensureKey: async () => undefined,
    wrap,
    unwrap,
    rewrap: async (key, wrapped, context) =>
      wrap(key, await unwrap(key, wrapped, context), context),
    async rotate(key) {
      const { latest, oldest } = (await versions())[key] ?? { latest: 1, oldest: 1 };
      await change(key, { latest: latest + 1, oldest });
      return latest + 1;
    },
    latestVersion: async (key) => (await versions())[key]?.latest ?? 1,
    async destroy(key, beforeVersion) {
      const { latest, oldest } = (await versions())[key] ?? { latest: 1, oldest: 1 };
      const first = beforeVersion ?? latest + 1;
      if (first > oldest) await change(key, { latest, oldest: first });
    },
    publicKey: unsupported,
    sign: unsupported,
    mac: async (key, data) => createHmac("sha256", secretOf(key, 1).secret).update(data).digest(),
    check: async () => undefined,
    close: async () => undefined,
  };
}
