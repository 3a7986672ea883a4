import type { KmsKeyKind } from "../kms.ts";
import { keyNotFound } from "../kms-errors.ts";
import type { Handle } from "./cryptoki.ts";
import type { Pkcs11Library } from "./library.ts";
import { idOf, kindOf, creationTemplate, versionOf } from "./templates.ts";

/** One version of a key, as the token holds it. */
export interface KeyObject {
  readonly version: number;
  readonly kind: KmsKeyKind;
  readonly handle: Handle;
  readonly publicHandle: Handle | undefined;
}

/** The versions in the token, in order. There is at least one. */
export interface StoredKey {
  readonly kind: KmsKeyKind;
  readonly versions: readonly KeyObject[];
  readonly latest: KeyObject;
}

const PAGE = 64;

/**
 * Returns the versions of a key in the token.
 * @throws KeysError kms_key_not_found
 */
export function findKey(library: Pkcs11Library, session: Handle, key: string): StoredKey {
  const versions = listVersions(library, session, key);
  const latest = versions.at(-1);
  if (latest === undefined) throw keyNotFound(key);
  return { kind: latest.kind, versions, latest };
}

function listVersions(library: Pkcs11Library, session: Handle, key: string): KeyObject[] {
  const { pkcs11, module } = library;
  const publicHandles = new Map<number, Handle>();
  const found: Omit<KeyObject, "publicHandle">[] = [];
  for (const handle of findAll(library, session, key)) {
    const [objectClass, keyType, label] = pkcs11.C_GetAttributeValue(session, handle, [
      { type: module.CKA_CLASS },
      { type: module.CKA_KEY_TYPE },
      { type: module.CKA_LABEL },
    ]);
    const version = versionOf(key, bytesOf(label?.value).toString());
    if (version === undefined) continue;
    const classNumber = numberOf(objectClass?.value);
    const kind = kindOf(module, classNumber, numberOf(keyType?.value));
    if (kind !== undefined) found.push({ version, kind, handle });
    else if (classNumber === module.CKO_PUBLIC_KEY) publicHandles.set(version, handle);
  }
  return found
    .map((object) => ({ ...object, publicHandle: publicHandles.get(object.version) }))
    .toSorted((a, b) => a.version - b.version);
}

function findAll({ pkcs11, module }: Pkcs11Library, session: Handle, key: string): Handle[] {
  const all: Handle[] = [];
  pkcs11.C_FindObjectsInit(session, [{ type: module.CKA_ID, value: idOf(key) }]);
  for (;;) {
    const page = pkcs11.C_FindObjects(session, PAGE);
    all.push(...page);
    if (page.length < PAGE) break;
  }
  pkcs11.C_FindObjectsFinal(session);
  return all;
}

/**
 * Creates this version of the key.
 * @returns false if another process created the same version at the same time; this one is then
 *   removed, and you try again
 */
export async function makeVersion(
  library: Pkcs11Library,
  session: Handle,
  made: { readonly key: string; readonly kind: KmsKeyKind; readonly version: number },
): Promise<boolean> {
  const { pkcs11, module } = library;
  const { key, kind, version } = made;
  const making = creationTemplate(module, kind, key, version);
  const own =
    "secret" in making
      ? [await pkcs11.C_GenerateKeyAsync(session, making.mechanism, making.secret)]
      : await pkcs11
          .C_GenerateKeyPairAsync(session, making.mechanism, making.publicHalf, making.privateHalf)
          .then(({ publicKey, privateKey }) => [privateKey, publicKey]);
  const same = listVersions(library, session, key).filter((one) => one.version === version);
  if (same.length === 1) return true;
  for (const handle of own) pkcs11.C_DestroyObject(session, handle);
  return false;
}

export function destroyObject(library: Pkcs11Library, session: Handle, object: KeyObject): void {
  library.pkcs11.C_DestroyObject(session, object.handle);
  if (object.publicHandle !== undefined)
    library.pkcs11.C_DestroyObject(session, object.publicHandle);
}

const bytesOf = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));

/** Returns an attribute of type CK_ULONG, in the machine's byte order and width. */
function numberOf(value: unknown): number {
  const bytes = bytesOf(value);
  return bytes.length >= 4 ? bytes.readUInt32LE(0) : -1;
}
