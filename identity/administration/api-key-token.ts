import { hash, randomBytes } from "node:crypto";

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOKEN = /^sdk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** The parts of an API key's token, `sdk_<id>_<secret>`. */
export interface ApiKeyToken {
  readonly id: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

export const newApiKeyToken = (): ApiKeyToken => ({
  id: randomBytes(ID_BYTES).toString("hex"),
  secret: randomBytes(SECRET_BYTES).toString("base64url"),
});

export const textOf = ({ id, secret }: ApiKeyToken): string => `sdk_${id}_${secret}`;

/** Returns the parts, or undefined if the text does not have the form of a token. */
export function parseApiKeyToken(text: string): ApiKeyToken | undefined {
  const [, id, secret] = TOKEN.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Returns the SHA-256 that is stored. The secret has 256 random bits, so it needs no slower hash. */
export const hashOfSecret = ({ secret }: ApiKeyToken): Buffer => hash("sha256", secret, "buffer");
