import type { Runtime } from "../runtime.ts";
import type { Way } from "./channel.ts";
import { HttpChannel, type HttpChannelDeps } from "./http-channel.ts";
import { receiveByPoll } from "./receive-by-poll.ts";
import { receiveByStream } from "./receive-by-stream.ts";
import { RelaySocket } from "./relay-socket.ts";

/** The ways to the relay, the best first: a WebSocket, a stream of events, long polls. */
export function waysTo(
  socketUrl: string,
  { webSocket, ...deps }: HttpChannelDeps & Pick<Runtime, "webSocket">,
): [Way, ...Way[]] {
  return [
    (events) => new RelaySocket(webSocket, socketUrl, events),
    (events) => new HttpChannel(deps, receiveByStream, events),
    (events) => new HttpChannel(deps, receiveByPoll, events),
  ];
}
