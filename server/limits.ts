import { maxBatchBytes } from "../crypto/wire/frame-batch.ts";
import { wireLimits } from "../crypto/wire/frame.ts";
import type { ShareLimits } from "../policies/fair-shares.ts";
import type { BucketRate } from "../policies/token-bucket.ts";
import type { ConnectionLimits } from "./connection-limit.ts";
import type { HeldBytesLimits } from "./held-bytes.ts";

// The fixed limits of one node. Limits that operators set are in `keys/environment/variables.ts`, limits
// that devices must know too are in `crypto/wire/frame.ts`, and times that tests shorten are in
// `timings.ts`. docs/protocol.md and docs/operations.md list what users notice; a test compares them.

const KIB = 1024;
const MIB = 1024 * KIB;

/** How large a route's body may be, and how long it may take. */
export interface BodyLimit {
  readonly bytes: number;
  /**
   * Milliseconds until a body that is read as a whole must be there. For a body that is passed on
   * as it arrives, the longest time without a byte.
   */
  readonly withinMs: number;
}

/** What the node, a tenant and an account may have at the same time. */
export const shareLimits = {
  /** Requests of signed-in accounts that are being served. Over it: 429 `rate_limited`. */
  requests: { node: 10_000, tenant: 2_500, account: 100 },
  /**
   * Welcomed relay connections, over WebSockets and over HTTP. An account has at most 16 devices.
   * Over it: close 4003.
   */
  relayConnections: { node: 100_000, tenant: 50_000, account: 32 },
  /** Relay connections over HTTP that nobody has taken a frame from. Over it: 429 `rate_limited`. */
  untakenConnections: { node: 10_000, tenant: 2_500, account: 8 },
  /** The bytes of their hellos. Over it: 429 `rate_limited`. */
  untakenBytes: { node: 64 * MIB, tenant: 16 * MIB, account: 4 * MIB },
  /** Followers of an audit log. Each reads it twice a second. Over it: 429 `rate_limited`. */
  auditFollowers: { node: 32, tenant: 8, account: 3 },
} as const satisfies Record<string, ShareLimits>;

/** Connections of senders who have not authenticated. Over it: 503 `overloaded`. */
export const connectionLimits = {
  /**
   * Sockets that wait for their welcome. This is enough for thousands of devices that reconnect at
   * one moment, even from one network.
   */
  waitingSockets: { perNode: 10_000, perNetwork: 6_000 },
  /** Connections that are not WebSockets. Those of trusted proxies count for the node only. */
  http: { perNode: 20_000, perNetwork: 6_000 },
} as const satisfies Record<string, ConnectionLimits>;

/** Bytes of bodies and hellos that are not complete. Over it: 429 or 503, or close 4003. */
export const heldBytesLimits: HeldBytesLimits = {
  network: 2 * MIB,
  site: 8 * MIB,
  strangers: 64 * MIB,
  // An upload to S3 keeps a part of 8 MiB.
  account: 20 * MIB,
  tenant: 192 * MIB,
  node: 512 * MIB,
};

/** What a request and its HTTP connection may be. */
export const requestLimits = {
  /** A token and a proof, whose limits are 8 KiB each, are usually under 1 KiB. Over it: 431. */
  headerBytes: 16 * KIB,
  /** An access token, or a device proof. Over it: 401. */
  tokenBytes: wireLimits.token,
  /** Headers are small, so they arrive sooner than bodies. Over it: 408 `body_too_late`. */
  headersMs: 10_000,
  /** The longest upload request. Its connection ends sooner if no bytes arrive. Over it: 408. */
  longestMs: 3_600_000,
  /**
   * How long an idle connection is kept. Load balancers keep theirs for 60 seconds, and must be the
   * first to close one: they might use it at the moment when the server closes it.
   */
  idleMs: 75_000,
  /**
   * Requests of one connection that are not answered yet. Clients send one after the other. Over
   * it: the connection is closed.
   */
  unanswered: 16,
  /**
   * Levels and values of a JSON body. No body of this API nests deeper or has more values. More
   * would take longer to parse. Over it: 400 `invalid_request`.
   */
  jsonDepth: 16,
  jsonValues: 4_096,
} as const;

/** The bodies of requests. Over it: 413 `body_too_large`, 408 `body_too_late`. */
export const bodyLimits = {
  /** The limit of a route that declares no other. */
  none: { bytes: 0, withinMs: 10_000 },
  /** Enough for a few ids, a signature or a token. */
  small: { bytes: 16 * KIB, withinMs: 10_000 },
  /** Fits 100 one-time prekeys of each kind, which is all that a device may publish at once. */
  preKeys: { bytes: 320 * KIB, withinMs: 20_000 },
  linkApproval: { bytes: 192 * KIB, withinMs: 20_000 },
  /** What a version changes in the default rules. */
  policyVersion: { bytes: 32 * KIB, withinMs: 10_000 },
  /** A group of an identity provider with 1,000 members, or the settings of one. */
  provisioning: { bytes: 256 * KIB, withinMs: 10_000 },
  consent: { bytes: 32 * KIB, withinMs: 10_000 },
  /** A draft in all its languages. */
  notice: { bytes: MIB, withinMs: 30_000 },
  historyGrant: { bytes: MIB, withinMs: 30_000 },
  /** Twenty messages of the greatest length. */
  report: { bytes: 2 * MIB, withinMs: 30_000 },
  /** The parts of a person's copy. */
  completedExport: { bytes: MIB, withinMs: 30_000 },
  /** Of one request. An upload may have several. */
  upload: { bytes: 1024 * MIB, withinMs: 30_000 },
  relayBatch: { bytes: maxBatchBytes, withinMs: 30_000 },
  /** A batch with one hello. */
  relayHello: { bytes: wireLimits.hello + 4, withinMs: 10_000 },
} as const satisfies Record<string, BodyLimit>;

/** Sign-ins of one key at the same time. Over it: 429 `rate_limited`. */
export const attemptLimits = {
  running: 8,
  waiting: 4_000,
  waitMs: 20_000,
} as const;

/** The age at which an incomplete upload is removed. */
export const uploadLimits = {
  lifetimeMs: 24 * 3_600_000,
  /** The same, for an upload of which no byte has arrived. */
  emptyLifetimeMs: 3_600_000,
} as const;

/** What a relay connection may be, in addition to `wireLimits`. */
export const relayLimits = {
  /** Before the welcome: a hello, its framing and a few pings. Over it: close 4500. */
  helloBytes: wireLimits.hello + 4 * KIB,
  /** Pings and pongs before the welcome. Over it: close 4500. */
  helloControlFrames: 8,
  /**
   * How long a hello may wait until the device is announced in all conversations of its account. A
   * device waits 15 s for its welcome.
   */
  reconcileMs: 5_000,
  /** No client divides a message further. Each fragment costs more memory than its bytes. */
  fragments: 128,
  /** A frame may arrive in this many pieces, which is one for each packet on the network. */
  bufferedPieces: 4_096,
  /** Messages without an answer, and their bytes. Over it: the socket is not read from. */
  unanswered: 512,
  unansweredBytes: 4 * MIB,
  /**
   * Bytes that the device has not taken. Over it, nothing is delivered and the socket is not read
   * from.
   */
  bufferedBytes: MIB,
  /** The same, until the next page of heads. */
  bufferedBytesOfHeads: 512 * KIB,
  /** The same, beside which ephemeral frames are sent. Over it: they are dropped. */
  bufferedBytesOfEphemeral: 256 * KIB,
  /** Deliveries that the device has not acknowledged. More wait in the database. */
  unacknowledged: 256,
  /** Activity and presence of one socket. Over it: dropped. */
  ephemeral: { burst: 30, perSecond: 5 } satisfies BucketRate,
  /**
   * Bodies of one connection over HTTP that are waited for or read. Each may take a mebibyte. A
   * device sends one after another; the rest is for bodies that it gave up and sent again. Over it:
   * 429 `rate_limited`.
   */
  bodies: 4,
  /**
   * How much a closed connection over HTTP keeps for the device to take. It keeps the oldest frames,
   * so that none is missing in between.
   */
  leftBytes: 128 * KIB,
  /**
   * How long, and for how many connections over HTTP, the reason of a close is kept. Older ones are
   * forgotten, those of the tenant with most of them first.
   */
  lingerMs: 30_000,
  lingering: 1_000,
} as const;

/** How much is remembered for other limits. Over it, the oldest owners start with full buckets. */
export const memoryLimits = {
  /** Accounts whose requests are counted, and accounts whose frames are counted. */
  accounts: 100_000,
  /**
   * Buckets of messages, and of conversations that are begun. The least recently used ones are
   * forgotten. A tenant with many buckets does not make other tenants lose theirs.
   */
  messageBuckets: 200_000,
} as const;
