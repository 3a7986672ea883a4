/** How long a connection may take to be made, in milliseconds. */
export const CONNECT_MS = 10_000;
