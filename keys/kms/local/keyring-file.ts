/**
 * The keyring as a file: plain in development, otherwise sealed. It reads versions 1 and 2, and
 * writes version 2.
 */
import { hkdfSync } from "node:crypto";
import { z } from "zod";
import { fromBase64Url, toBase64Url, utf8 } from "../../../crypto/wire/bytes.ts";
import { KeysError } from "../../keys-error.ts";
import { sealedSchema, type KeyringSealer, type SealedFile } from "./keyring-seal.ts";

const key32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const version = z.string().regex(/^[1-9]\d{0,8}$/);

/** The keys in a version 1 file. They move into the database, wrapped, and then leave the file. */
const firstKeysSchema = z.strictObject({
  signingKey: z.strictObject({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: key32,
    d: key32,
  }),
  frankingKey: key32,
  blindIndexKey: key32,
});
export type FirstKeys = z.infer<typeof firstKeysSchema>;

const namedKeySchema = z.strictObject({
  kind: z.enum(["wrapping", "signing", "mac"]),
  latest: z.int().min(1),
  /** The versions that are not destroyed: an AES-256 key, an HMAC key or an Ed25519 seed. */
  versions: z.record(version, key32),
});
export type NamedKey = z.infer<typeof namedKeySchema>;

const contentsSchema = z.strictObject({
  /** Distinguishes this keyring from others. It is not secret. */
  id: key32,
  firstKeys: firstKeysSchema.optional(),
  keys: z.record(z.string(), namedKeySchema),
});
export type KeyringContents = z.infer<typeof contentsSchema>;

const fileSchema = z.union([
  z.strictObject({ format: z.literal("sealdesk-keyring-v1"), keys: firstKeysSchema }),
  z.strictObject({ format: z.literal("sealdesk-keyring-v2"), contents: contentsSchema }),
  sealedSchema,
]);

export interface ReadKeyring {
  readonly contents: KeyringContents;
  readonly sealed: SealedFile | undefined;
  /** False if the file must be rewritten, as version 2 or with another seal. */
  readonly asWished: boolean;
}

// The error has no cause: a JSON error quotes the text around the fault, which may be a key.
const damaged = (): KeysError =>
  new KeysError("keyring_damaged", "The keyring file is damaged. Restore it from a backup.");

/**
 * Returns the text of the file.
 * @param last the previous file, whose salt is kept
 */
export async function writeKeyring(
  contents: KeyringContents,
  sealer: KeyringSealer,
  last: SealedFile | undefined,
): Promise<string> {
  const file = sealer.seals
    ? await sealer.seal(JSON.stringify(contents), last)
    : { format: "sealdesk-keyring-v2", contents };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads what `writeKeyring` wrote, in version 1 or 2.
 * @throws KeysError keyring_damaged, passphrase_required, wrong_passphrase
 */
export async function readKeyring(text: string, sealer: KeyringSealer): Promise<ReadKeyring> {
  const file = parse(fileSchema, text);
  switch (file.format) {
    case "sealdesk-keyring-v1":
      return { contents: fromFirst(file.keys), sealed: undefined, asWished: false };
    case "sealdesk-keyring-v2":
      return { contents: file.contents, sealed: undefined, asWished: !sealer.seals };
    case "sealdesk-keyring-v1-sealed": {
      const keys = parse(firstKeysSchema, await sealer.open(file));
      return { contents: fromFirst(keys), sealed: file, asWished: false };
    }
    case "sealdesk-keyring-v2-sealed": {
      const contents = parse(contentsSchema, await sealer.open(file));
      return { contents, sealed: file, asWished: sealer.usesConfiguredKdf(file) };
    }
  }
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw damaged();
  }
}

/** Copies of the same version 1 file on several nodes get the same id. */
function fromFirst(firstKeys: FirstKeys): KeyringContents {
  const secret = fromBase64Url(firstKeys.blindIndexKey);
  const id = new Uint8Array(hkdfSync("sha256", secret, "", utf8("sealdesk/keyring/id"), 32));
  return { id: toBase64Url(id), firstKeys, keys: {} };
}
