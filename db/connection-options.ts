/** The longest time to make a connection, in milliseconds. */
export const CONNECT_MS = 10_000;
