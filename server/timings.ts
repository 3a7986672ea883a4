/**
 * The times for which the relay waits for devices, and a node for other nodes, in milliseconds.
 * They are in one object, so that tests can shorten them.
 */
export interface Timings {
  /** The resolution of the relay's times. */
  readonly tickMs: number;
  /** From the upgrade to the first frame. */
  readonly helloMs: number;
  /** Between two pings. */
  readonly pingEveryMs: number;
  /** From a ping to its pong. */
  readonly pongWithinMs: number;
  /** Longest silence of the device. */
  readonly silenceMs: number;
  /** Longest time with deliveries held up, neither acknowledged nor taken by the network. */
  readonly stallMs: number;
  /** From the closing handshake's first half to its second. */
  readonly closingMs: number;
  /** From the signal to stop until the last socket is closed. */
  readonly drainMs: number;
  /** Between two batches of sockets that are closed at a stop. */
  readonly drainBatchEveryMs: number;
  /** Until every device that was told to go has been let in by another node. */
  readonly letInElsewhereMs: number;
  /** Between two reads of the suspended tenants and of the limits of tenants. */
  readonly suspensionPollMs: number;
  /** Between two searches for sessions in which no person did anything for too long. */
  readonly idleEveryMs: number;
  /** Between two audit entries with transcript hashes. */
  readonly transcriptsEveryMs: number;
  /** From a user's last socket to `offline`. */
  readonly offlineAfterMs: number;
  /** Average time between two polls for what other nodes wrote and hints did not announce. */
  readonly pollMs: number;
  /** Minimum time between two sends of hints. */
  readonly hintFlushMs: number;
  /**
   * Time between two announcements that this node is alive. A node that stops announcing counts as
   * gone.
   */
  readonly beatMs: number;
  /**
   * Time between two searches for changes of devices that were not announced in every conversation.
   */
  readonly reconcileEveryMs: number;
  /** Time between two checks for server keys that another process rotated. */
  readonly serverKeysPollMs: number;
  /** The longest time for a request's headers, and then for its body. A route may allow less. */
  readonly requestMs: number;
  /** Time between two searches for heads of audit logs that a witness has not cosigned. */
  readonly cosignEveryMs: number;
  /** Time between two steps of the check of everything that the audit logs hold. */
  readonly checkEveryMs: number;
  /** Time between two comparisons of triggers, functions, policies and grants with those shipped. */
  readonly guardsEveryMs: number;
  /** Time between two looks at the node's clock. */
  readonly clockEveryMs: number;
  /** Time between two comparisons of the audit logs with the checkpoints kept outside. */
  readonly outsideEveryMs: number;
  /** Time between two comparisons of accounts, roles and settings with what the audit logs say. */
  readonly stateEveryMs: number;
  /** Time between two looks at what PostgreSQL counts of changed rows of the audit logs. */
  readonly changesEveryMs: number;
  /** The time after which a check of the audit logs that keeps failing is reported. */
  readonly failingCheckMs: number;
  /** Time between two looks for audit entries that a sink was not given. */
  readonly sinkEveryMs: number;
  /** The time for which an audit entry may wait for a sink until the sink does not keep up. */
  readonly sinkLateMs: number;
  /** The time without a place or a signature from which an audit entry is reported as unsigned. */
  readonly unsignedWarningMs: number;
  /** The time after which no node uses a key that was destroyed. It is longer than a node that hears nothing does. */
  readonly nodesForgetMs: number;
  /** How long the certificate of an erasure waits for devices. Those that are connected are told within a poll. */
  readonly deviceAnswersMs: number;
  /** Time between two comparisons of the erasure ledger with the database. */
  readonly ledgerEveryMs: number;
}

/** The timings of a server in operation. */
export const usualTimings: Timings = {
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
  idleEveryMs: 30_000,
  transcriptsEveryMs: 10_000,
  offlineAfterMs: 30_000,
  pollMs: 3_000,
  hintFlushMs: 5,
  beatMs: 10_000,
  reconcileEveryMs: 60_000,
  serverKeysPollMs: 2_000,
  requestMs: 30_000,
  cosignEveryMs: 60_000,
  checkEveryMs: 1_000,
  guardsEveryMs: 30_000,
  clockEveryMs: 10_000,
  outsideEveryMs: 30_000,
  stateEveryMs: 10_000,
  changesEveryMs: 10_000,
  failingCheckMs: 30_000,
  sinkEveryMs: 500,
  sinkLateMs: 30_000,
  unsignedWarningMs: 10_000,
  nodesForgetMs: 1_000,
  deviceAnswersMs: 10_000,
  ledgerEveryMs: 10_000,
};
