import type { Runtime } from "../runtime.ts";
import type { TransportFactory } from "./channel.ts";
import { HttpChannel, type HttpChannelDeps } from "./http-channel.ts";
import { receiveByPoll } from "./receive-by-poll.ts";
import { receiveByStream } from "./receive-by-stream.ts";
import { RelaySocket } from "./relay-socket.ts";

/**
 * Returns the transports to the relay, the best one first: a WebSocket, a stream of events, long
 * polls.
 */
export function transportFactories(
  socketUrl: string,
  { webSocket, ...deps }: HttpChannelDeps & Pick<Runtime, "webSocket">,
): [TransportFactory, ...TransportFactory[]] {
  return [
    (events) => new RelaySocket(webSocket, socketUrl, events),
    (events) => new HttpChannel(deps, receiveByStream, events),
    (events) => new HttpChannel(deps, receiveByPoll, events),
  ];
}
