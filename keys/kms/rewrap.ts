import type { Kms, WrappedKey } from "./kms.ts";

/** `Kms.rewrap` by way of the key itself, which is in memory for no longer than that. */
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
