import type { Frame } from "../../crypto/wire/frame.ts";

/** One connection to the relay over any transport. */
export interface RelayChannel {
  /** @returns false if it is not open; then nothing was sent */
  send(frame: Frame): boolean;
  /** Closes it without waiting for the other side, which may be gone. */
  close(code: number, reason: string): void;
}

/** The events of one channel. `onClosed` is called once, and nothing is called after it. */
export interface ChannelEvents {
  readonly onOpen: () => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onClosed: (code: number, reason: string) => void;
}

/**
 * A transport to the relay. Each call opens a channel. No event is called before it has returned.
 */
export type TransportFactory = (events: ChannelEvents) => RelayChannel;

/**
 * The codes that this side closes with. Those over 3000 are in the range that asks for another
 * connection.
 */
export const closing = {
  done: 1000,
  /** RFC 6455 calls it an abnormal closure: the other side is gone, or was never there. */
  lost: 1006,
  unreadable: 3400,
  recycled: 3401,
  unanswered: 3402,
} as const;
