/** How long the relay waits for what, in milliseconds. One object, so that tests can shorten it. */
export interface Timings {
  /** How exactly all that is measured. */
  readonly tickMs: number;
  /** From the upgrade to the first frame. */
  readonly helloMs: number;
  /** Between two pings. */
  readonly pingEveryMs: number;
  /** From a ping to its pong. */
  readonly pongWithinMs: number;
  /** Without any sign of life from the device. */
  readonly silenceMs: number;
  /** With deliveries held up, and neither acknowledged nor taken by the network. */
  readonly stallMs: number;
  /** From the closing handshake's first half to its second. */
  readonly closingMs: number;
  /** From the signal to stop until the last socket is closed. */
  readonly drainMs: number;
  /** Between two batches of sockets that are closed while stopping. */
  readonly drainBatchEveryMs: number;
  /** Between two looks at which tenants are suspended. */
  readonly suspensionPollMs: number;
  /** Between two entries that put transcript hashes into the audit log. */
  readonly transcriptsEveryMs: number;
  /** From a user's last socket to `offline`. */
  readonly offlineAfterMs: number;
}

export const defaultTimings: Timings = {
  tickMs: 250,
  helloMs: 10_000,
  pingEveryMs: 25_000,
  pongWithinMs: 8_000,
  silenceMs: 90_000,
  stallMs: 30_000,
  closingMs: 5_000,
  drainMs: 25_000,
  drainBatchEveryMs: 50,
  suspensionPollMs: 1_000,
  transcriptsEveryMs: 10_000,
  offlineAfterMs: 30_000,
};
