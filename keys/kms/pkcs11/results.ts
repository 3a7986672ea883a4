/** The return values of PKCS #11 v3.0, appendix B, that this code distinguishes. */
export const CKR = {
  generalError: 0x05,
  alreadyLoggedIn: 0x100,
  // SoftHSM returns the general error for a wrong tag. Other tokens return specific ones.
  notDecrypted: new Set([0x05, 0x40, 0x41, 0x20, 0x21]),
  handleGone: new Set([0x60, 0x82]), // KEY_HANDLE_INVALID, OBJECT_HANDLE_INVALID
  // DEVICE_ERROR, DEVICE_REMOVED, SESSION_CLOSED, SESSION_HANDLE_INVALID, TOKEN_NOT_PRESENT,
  // USER_NOT_LOGGED_IN
  sessionLost: new Set([0x30, 0x32, 0xb0, 0xb3, 0xe0, 0x101]),
  // SLOT_ID_INVALID, GENERAL_ERROR, DEVICE_ERROR, DEVICE_REMOVED, TOKEN_NOT_PRESENT,
  // TOKEN_NOT_RECOGNIZED, CRYPTOKI_NOT_INITIALIZED
  tokenLost: new Set([0x03, 0x05, 0x30, 0x32, 0xe0, 0xe1, 0x190]),
  pinRefused: new Set([0xa0, 0xa1, 0xa2, 0xa3, 0xa4]), // PIN_INCORRECT .. PIN_LOCKED
  // ATTRIBUTE_READ_ONLY, ACTION_PROHIBITED, KEY_FUNCTION_NOT_PERMITTED, TOKEN_WRITE_PROTECTED
  denied: new Set([0x10, 0x1b, 0x68, 0xe2]),
} as const;

/** Returns the return value in an error of pkcs11js, or undefined. */
export function resultOf(error: unknown): number | undefined {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === "Pkcs11Error" && typeof code === "number" ? code : undefined;
}
