/** How long a session can be renewed before the user must sign in again, in milliseconds. */
export const SESSION_LIFETIME_MS = 12 * 60 * 60 * 1000;
