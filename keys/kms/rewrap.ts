import type { Kms, WrappedKey } from "./kms.ts";

/** `Kms.rewrap` by unwrapping and wrapping. The key is in memory only during the call. */
export async function rewrap(
  kms: Pick<Kms, "wrap" | "unwrap">,
  key: string,
  wrapped: WrappedKey,
  context: Uint8Array,
): Promise<WrappedKey> {
  const plain = await kms.unwrap(key, wrapped, context);
  try {
    return await kms.wrap(key, plain, context);
  } finally {
    plain.fill(0);
  }
}
