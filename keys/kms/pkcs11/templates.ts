import type { KmsKeyKind } from "../kms.ts";
import type { Mechanism, Pkcs11Module, Template } from "./cryptoki.ts";

// The key type from PKCS #11 v3.0. pkcs11js names only the constants of v2.40.
const CKK_EC_EDWARDS = 0x40;
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055;
export const CKM_EDDSA = 0x1057;

// The OBJECT IDENTIFIER id-Ed25519: RFC 8410.
const ED25519 = Buffer.from("06032b6570", "hex");

/** Returns the id that all versions of a key share. Each version has its own label. */
export const idOf = (key: string): Buffer => Buffer.from(`sealdesk/${key}`);
const labelOf = (key: string, version: number): string => `sealdesk/${key}/${version}`;

/** Returns the version in a label, or undefined for objects that are not ours. */
export function versionOf(key: string, label: string): number | undefined {
  const [, version] = /\/([1-9]\d*)$/.exec(label) ?? [];
  return version !== undefined && label === labelOf(key, Number(version))
    ? Number(version)
    : undefined;
}

/**
 * Returns the kind that an object's class and key type give, or undefined for the public half of a
 * signing key.
 */
export function kindOf(
  module: Pkcs11Module,
  objectClass: number,
  keyType: number,
): KmsKeyKind | undefined {
  if (objectClass === module.CKO_PRIVATE_KEY && keyType === CKK_EC_EDWARDS) return "signing";
  if (objectClass !== module.CKO_SECRET_KEY) return undefined;
  if (keyType === module.CKK_AES) return "wrapping";
  return keyType === module.CKK_GENERIC_SECRET ? "mac" : undefined;
}

type Making =
  | { readonly mechanism: Mechanism; readonly secret: Template }
  | {
      readonly mechanism: Mechanism;
      readonly publicHalf: Template;
      readonly privateHalf: Template;
    };

/**
 * Returns the template for a version of a key. It is created inside the token and never leaves it.
 */
export function creationTemplate(
  module: Pkcs11Module,
  kind: KmsKeyKind,
  key: string,
  version: number,
): Making {
  const kept = [
    { type: module.CKA_TOKEN, value: true },
    { type: module.CKA_LABEL, value: labelOf(key, version) },
    { type: module.CKA_ID, value: idOf(key) },
  ];
  const hidden = [
    ...kept,
    { type: module.CKA_PRIVATE, value: true },
    { type: module.CKA_SENSITIVE, value: true },
    { type: module.CKA_EXTRACTABLE, value: false },
  ];
  const secret = (keyType: number, uses: readonly number[]): Template => [
    ...hidden,
    { type: module.CKA_CLASS, value: module.CKO_SECRET_KEY },
    { type: module.CKA_KEY_TYPE, value: keyType },
    { type: module.CKA_VALUE_LEN, value: 32 },
    ...uses.map((type) => ({ type, value: true })),
  ];
  switch (kind) {
    case "wrapping":
      return {
        mechanism: { mechanism: module.CKM_AES_KEY_GEN },
        secret: secret(module.CKK_AES, [module.CKA_ENCRYPT, module.CKA_DECRYPT]),
      };
    case "mac":
      return {
        mechanism: { mechanism: module.CKM_GENERIC_SECRET_KEY_GEN },
        secret: secret(module.CKK_GENERIC_SECRET, [module.CKA_SIGN, module.CKA_VERIFY]),
      };
    case "signing":
      return {
        mechanism: { mechanism: CKM_EC_EDWARDS_KEY_PAIR_GEN },
        publicHalf: [
          ...kept,
          { type: module.CKA_VERIFY, value: true },
          { type: module.CKA_EC_PARAMS, value: ED25519 },
        ],
        privateHalf: [...hidden, { type: module.CKA_SIGN, value: true }],
      };
  }
}
