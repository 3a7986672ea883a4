import { createSecretKey, randomBytes } from "node:crypto";
import { open, seal, type SealingKey } from "../../keys/at-rest/envelope.ts";
import { KeysError } from "../../keys/keys-error.ts";
import type { Kms, WrappedKey } from "../../keys/kms/kms.ts";

/** What a test may look at and do beside the interface. */
export interface MemoryKms extends Kms {
  /** How often each method was asked. */
  readonly asked: Record<"wrap" | "unwrap" | "rewrap", number>;
  /** Called before each `rewrap`, to hold it up or to make it fail. */
  beforeRewrap: () => Promise<void>;
}

/** A double: a key-management service whose wrapping keys live in this process. It does not sign. */
export function memoryKms(): MemoryKms {
  const keys = new Map<string, (SealingKey | undefined)[]>();
  const asked = { wrap: 0, unwrap: 0, rewrap: 0 };
  const newVersion = (): SealingKey => ({
    id: randomBytes(16),
    secret: createSecretKey(randomBytes(32)),
  });
  const versionsOf = (name: string): (SealingKey | undefined)[] => {
    const versions = keys.get(name);
    if (versions === undefined) throw new KeysError("kms_key_not_found", "There is no such key.");
    return versions;
  };
  const version = (name: string, number: number): SealingKey => {
    const found = versionsOf(name)[number - 1];
    if (found === undefined) throw new KeysError("kms_key_destroyed", "That version is destroyed.");
    return found;
  };
  const wrap = (name: string, plain: Uint8Array, context: Uint8Array): WrappedKey => {
    const latest = versionsOf(name).length;
    return { version: latest, bytes: seal(version(name, latest), context, plain) };
  };
  const unwrap = (name: string, wrapped: WrappedKey, context: Uint8Array): Buffer => {
    try {
      return open(version(name, wrapped.version), context, wrapped.bytes);
    } catch (error) {
      if ((error as KeysError).code !== "seal_broken") throw error;
      throw new KeysError("kms_refused", "The wrapped key or its context is not right.");
    }
  };
  const unsupported = () => Promise.reject(new Error("this double does not sign"));
  const kms: MemoryKms = {
    name: "local",
    asked,
    beforeRewrap: async () => undefined,
    async ensureKey(name) {
      if (!keys.has(name)) keys.set(name, [newVersion()]);
    },
    async wrap(name, plain, context) {
      asked.wrap++;
      return wrap(name, plain, context);
    },
    async unwrap(name, wrapped, context) {
      asked.unwrap++;
      return unwrap(name, wrapped, context);
    },
    async rewrap(name, wrapped, context) {
      asked.rewrap++;
      await kms.beforeRewrap();
      return wrap(name, unwrap(name, wrapped, context), context);
    },
    rotate: async (name) => versionsOf(name).push(newVersion()),
    latestVersion: async (name) => versionsOf(name).length,
    async destroy(name, beforeVersion = Infinity) {
      const versions = versionsOf(name);
      for (let at = 0; at < versions.length && at + 1 < beforeVersion; at++)
        versions[at] = undefined;
    },
    publicKey: unsupported,
    sign: unsupported,
    mac: unsupported,
    check: async () => undefined,
    close: async () => undefined,
  };
  return kms;
}
