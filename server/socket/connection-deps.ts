import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";
import type { FairShares } from "../../policies/fair-shares.ts";
import type { CloseReason } from "./close-codes.ts";
import type { Drainable } from "./drain.ts";
import type { FrameLimits } from "./frame-limits.ts";
import type { HandshakeSteps } from "./handshake.ts";
import type { LoopShares } from "./loop-shares.ts";
import type { ServiceDeps } from "./session.ts";
import type { SpacedCalls } from "./spaced-calls.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Timings } from "../timings.ts";

/** The facts about a connection that the liveness check needs. */
export interface OpenSocket extends Drainable {
  /** Bytes that were sent but not yet taken by the network. */
  readonly bufferedBytes: number;
}

/** The dependencies of one socket on the rest of the server. */
export interface ConnectionDeps extends HandshakeSteps, ServiceDeps {
  readonly timings: Timings;
  readonly frameLimits: FrameLimits;
  readonly loopShares: LoopShares;
  /** The ends of pauses of those who sent too much. */
  readonly resumptions: SpacedCalls;
  readonly wheel: TimerWheel;
  /** The shares of tenants and accounts in the welcomed connections. */
  readonly sockets: FairShares;
  /** The open connections. Each connection adds itself. */
  readonly open: Set<OpenSocket>;
  /**
   * Called with the reason why a socket was closed, for the log. Never called with data from its
   * frames.
   */
  readonly onFault: (reason: CloseReason, error?: unknown) => void;
  readonly closeReasonOf: (error: unknown) => CloseReason;
  /** Returns users who are present on other nodes and share one of these conversations. */
  readonly presentElsewhere: (
    tenant: TenantId,
    conversations: readonly ConversationId[],
  ) => Promise<readonly UserId[]>;
}
