import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Hold } from "../held-bytes.ts";
import type { CloseReason } from "./close-codes.ts";
import { relayLimits } from "../limits.ts";

/** What a piece costs besides its bytes, however small it is. */
const BYTES_PER_PIECE = 256;

/**
 * Limits what a socket may send before its welcome. A hello that is not complete counts against its
 * network, and all such sockets count together.
 * @param refuse called once, when the socket has sent too much. It must close the socket.
 * @returns a function that ends the limit; call it at the welcome
 */
export function limitHello(
  socket: WebSocket,
  raw: Socket,
  hold: Hold,
  refuse: (reason: CloseReason) => void,
): () => void {
  let bytes = 0;
  let controlFrames = 0;
  const onData = (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > relayLimits.helloBytes) refuseNow("protocol_error");
    else if (hold.grow(piece.length + BYTES_PER_PIECE) !== undefined) refuseNow("try_again");
  };
  const onControl = () => {
    if (++controlFrames > relayLimits.helloControlFrames) refuseNow("protocol_error");
  };
  const onMessage = () => hold.release();
  const end = () => {
    raw.off("data", onData).off("close", end);
    socket.off("ping", onControl).off("pong", onControl).off("message", onMessage);
    socket.off("error", end);
    hold.release();
  };
  const refuseNow = (reason: CloseReason) => {
    end();
    refuse(reason);
    // Reads no further bytes, not even the peer's half of the closing handshake.
    raw.destroySoon();
  };
  // Before the listener of `ws`, which may find a whole message in the piece.
  raw.prependListener("data", onData);
  socket.on("ping", onControl).on("pong", onControl).on("message", onMessage);
  // `ws` has refused the socket, and throws away what still comes.
  socket.once("error", end);
  raw.once("close", end);
  return end;
}
