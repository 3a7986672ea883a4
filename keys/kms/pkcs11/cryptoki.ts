/**
 * The part of the package `pkcs11js` that is used here. The package is optional, and its own types
 * are missing where it could not be built, so they are declared again. Names and numbers are those of
 * PKCS #11 v2.40.
 */
export interface Pkcs11Module extends Constants {
  readonly PKCS11: new () => Cryptoki;
}

/** A handle of a slot, a session or an object. */
export type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}
export type Template = Attribute[];

export interface AttributeValue {
  readonly type: number;
  readonly value: Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: GcmParameter;
}

export interface GcmParameter {
  readonly type: number;
  readonly iv: Buffer;
  readonly ivBits: number;
  readonly aad: Buffer;
  readonly tagBits: number;
}

/** The functions of a manufacturer's library. Each throws an error with the code of its CKR_ value. */
export interface Cryptoki {
  load(path: string): void;
  close(): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_CloseAllSessions(slot: Handle): void;
  C_GetSessionInfo(session: Handle): unknown;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, wanted: Template): AttributeValue[];
  C_DestroyObject(session: Handle, object: Handle): void;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_EncryptAsync(session: Handle, data: Buffer, room: Buffer): Promise<Buffer>;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_DecryptAsync(session: Handle, data: Buffer, room: Buffer): Promise<Buffer>;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_SignAsync(session: Handle, data: Buffer, room: Buffer): Promise<Buffer>;
  C_GenerateKeyAsync(session: Handle, mechanism: Mechanism, template: Template): Promise<Handle>;
  C_GenerateKeyPairAsync(
    session: Handle,
    mechanism: Mechanism,
    publicHalf: Template,
    privateHalf: Template,
  ): Promise<{ readonly publicKey: Handle; readonly privateKey: Handle }>;
}

type Constants = Readonly<
  Record<
    | "CKA_CLASS"
    | "CKA_DECRYPT"
    | "CKA_EC_PARAMS"
    | "CKA_EC_POINT"
    | "CKA_ENCRYPT"
    | "CKA_EXTRACTABLE"
    | "CKA_ID"
    | "CKA_KEY_TYPE"
    | "CKA_LABEL"
    | "CKA_PRIVATE"
    | "CKA_SENSITIVE"
    | "CKA_SIGN"
    | "CKA_TOKEN"
    | "CKA_VALUE"
    | "CKA_VALUE_LEN"
    | "CKA_VERIFY"
    | "CKF_OS_LOCKING_OK"
    | "CKF_RW_SESSION"
    | "CKF_SERIAL_SESSION"
    | "CKK_AES"
    | "CKK_GENERIC_SECRET"
    | "CKM_AES_GCM"
    | "CKM_AES_KEY_GEN"
    | "CKM_GENERIC_SECRET_KEY_GEN"
    | "CKM_SHA256_HMAC"
    | "CKO_PRIVATE_KEY"
    | "CKO_PUBLIC_KEY"
    | "CKO_SECRET_KEY"
    | "CKU_USER"
    | "CK_PARAMS_AES_GCM",
    number
  >
>;
