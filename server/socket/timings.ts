/** The relay's time limits in milliseconds. They are one object, so that tests can shorten them. */
export interface Timings {
  /** The resolution of these limits. */
  readonly tickMs: number;
  /** The longest time from the upgrade to the first frame. */
  readonly helloMs: number;
  /** Between two pings. */
  readonly pingEveryMs: number;
  /** The longest time from a ping to its pong. */
  readonly pongWithinMs: number;
  /** Longest silence of the device. */
  readonly silenceMs: number;
  /** Longest time with deliveries held up, neither acknowledged nor taken by the network. */
  readonly stallMs: number;
  /** The longest time between the two halves of the closing handshake. */
  readonly closingMs: number;
  /** The time from the signal to stop until the last socket is closed. */
  readonly drainMs: number;
  /** Between two batches of sockets that are closed at a stop. */
  readonly drainBatchEveryMs: number;
  /** The time until another node has let in every device that was told to go. */
  readonly letInElsewhereMs: number;
  /** Between two reads of the suspended tenants. */
  readonly suspensionPollMs: number;
  /** Between two audit entries with transcript hashes. */
  readonly transcriptsEveryMs: number;
  /** The time from the close of a user's last socket to `offline`. */
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
  letInElsewhereMs: 5_000,
  suspensionPollMs: 1_000,
  transcriptsEveryMs: 10_000,
  offlineAfterMs: 30_000,
};
