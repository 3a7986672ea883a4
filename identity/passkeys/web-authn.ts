/**
 * Returns the library for Web Authentication. It is loaded with the first passkey, because its 250 modules are a
 * fifth of what a server would load at its start.
 */
export const webAuthn = () => import("@simplewebauthn/server");
