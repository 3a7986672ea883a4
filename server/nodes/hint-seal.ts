import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../keys/secret.ts";

/**
 * Authenticates the payloads of this deployment's nodes. Others may be able to write to the
 * channel.
 */
export interface HintSeal {
  seal(payload: string): string;
  /** @returns the payload, or undefined when no node of this deployment sealed it */
  open(text: string): string | undefined;
}

const MAC_CHARACTERS = 43;
/** The newest key and the one before it: another node may not have seen a rotation yet. */
const KEYS_BELIEVED = 2;

/**
 * Creates the seal of hints. A sealed payload is `HMAC-SHA-256 in base64url || "." || payload`.
 * HKDF-SHA-256 derives the HMAC key from each of `keys`. An outsider cannot make a seal, but can
 * replay or withhold a sealed payload.
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
