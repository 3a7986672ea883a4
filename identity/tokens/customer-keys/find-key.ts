import type { JSONWebKeySet, JWK } from "jose";

/** The key that a customer token names, or why it cannot be used. */
export type FoundKey =
  | { readonly key: JWK; readonly refusal?: undefined }
  | {
      readonly refusal: "unknown_key" | "revoked_key" | "keys_unavailable";
      /** The names of the tenant's keys. */
      readonly known: readonly string[];
    };

/** Finds the key that the header of a token names. */
export type FindKey = (kid: unknown) => FoundKey | Promise<FoundKey>;

/** Finds keys in a set that is at hand. */
export const keyIn =
  ({ keys }: JSONWebKeySet): FindKey =>
  (kid) => {
    const key = kid === undefined ? undefined : keys.find((each) => each.kid === kid);
    if (key !== undefined) return { key };
    return { refusal: "unknown_key", known: keys.map((each) => each.kid ?? "") };
  };
