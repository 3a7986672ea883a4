import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../keys/secret.ts";

/** Tells what this deployment's nodes say from what whoever else can write to their channel says. */
export interface HintSeal {
  seal(payload: string): string;
  /** @returns the payload; undefined for what none of the nodes sealed */
  open(text: string): string | undefined;
}

const MAC_CHARACTERS = 43;
/** The newest, and the one before: another node may not have seen a rotation yet. */
const KEYS_BELIEVED = 2;

/**
 * `HMAC-SHA-256 in base64url || "." || payload`, under a key of its own that HKDF-SHA-256 makes of
 * each of `keys`. Whoever cannot make it can still repeat what a node said, or keep it back.
 * @param keys that all nodes have, the newest first
 */
export function hintSeal(keys: () => readonly Secret<Uint8Array>[]): HintSeal {
  const derived = new WeakMap<Secret<Uint8Array>, Uint8Array>();
  const ownOf = (key: Secret<Uint8Array>): Uint8Array => {
    const known = derived.get(key);
    if (known !== undefined) return known;
    const own = new Uint8Array(hkdfSync("sha256", key.reveal(), "", "sealdesk/hints/v1", 32));
    derived.set(key, own);
    return own;
  };
  const macUnder = (key: Secret<Uint8Array>, payload: string): string =>
    createHmac("sha256", ownOf(key)).update(payload).digest("base64url");
  return {
    seal(payload) {
      const [newest] = keys();
      if (newest === undefined) throw new Error("there is no key for hints");
      return `${macUnder(newest, payload)}.${payload}`;
    },
    open(text) {
      const mac = Buffer.from(text.slice(0, MAC_CHARACTERS));
      const payload = text.slice(MAC_CHARACTERS + 1);
      if (text[MAC_CHARACTERS] !== "." || mac.length !== MAC_CHARACTERS) return undefined;
      const isSealed = keys()
        .slice(0, KEYS_BELIEVED)
        .some((key) => timingSafeEqual(Buffer.from(macUnder(key, payload)), mac));
      return isSealed ? payload : undefined;
    },
  };
}
