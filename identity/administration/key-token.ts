import { hash, randomBytes } from "node:crypto";

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOKEN = /^(sdk|sdo)_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** How a token begins: that of a tenant's API key, or that of an operator's key. */
export type TokenPrefix = "sdk" | "sdo";

/** The parts of a key's token, `sdk_<id>_<secret>`. */
export interface KeyToken {
  readonly id: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

export const newKeyToken = (): KeyToken => ({
  id: randomBytes(ID_BYTES).toString("hex"),
  secret: randomBytes(SECRET_BYTES).toString("base64url"),
});

export const textOf = ({ id, secret }: KeyToken, prefix: TokenPrefix): string =>
  `${prefix}_${id}_${secret}`;

/** Returns the parts, or undefined if the text does not have the form of a token with this prefix. */
export function parseKeyToken(text: string, prefix: TokenPrefix): KeyToken | undefined {
  const [, begins, id, secret] = TOKEN.exec(text) ?? [];
  if (begins !== prefix || id === undefined || secret === undefined) return undefined;
  return { id, secret };
}

/** Returns the SHA-256 that is stored. The secret has 256 random bits, so it needs no slower hash. */
export const hashOfSecret = ({ secret }: KeyToken): Buffer => hash("sha256", secret, "buffer");
