import type { Frame } from "../../crypto/wire/frame.ts";

/** One connection to the relay, whatever carries its frames. */
export interface RelayChannel {
  /** @returns false when it is not open: nothing was sent */
  send(frame: Frame): boolean;
  /** Ends it without waiting for the other side, which may be gone. */
  close(code: number, reason: string): void;
}

/** What happens on one channel. `onClosed` comes once, and nothing after it. */
export interface ChannelEvents {
  readonly onOpen: () => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onClosed: (code: number, reason: string) => void;
}

/** A way to the relay: opens one channel after the other. No event comes before it has returned. */
export type TransportFactory = (events: ChannelEvents) => RelayChannel;

/** Codes this side closes with; those over 3000 are of the range that asks for another connection. */
export const closing = {
  done: 1000,
  /** What RFC 6455 calls abnormal: the other side is gone, or was never there. */
  lost: 1006,
  unreadable: 3400,
  recycled: 3401,
  unanswered: 3402,
} as const;
