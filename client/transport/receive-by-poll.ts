import { splitFrames } from "../../crypto/wire/frame-batch.ts";
import { concat } from "../../crypto/wire/bytes.ts";
import type { HttpResponse } from "../runtime.ts";
import { closing } from "./channel.ts";
import { closureFrom, type HttpClosure, type Received } from "./http-channel.ts";

const waitSeconds = 25;
/** The time to wait for the answer to a poll in addition to the poll's own time. */
const marginMs = 15_000;
const repeats = 5;

/**
 * Receives frames by consecutive polls. Each poll names the last frame that arrived. So a lost
 * answer is repeated, and no frame arrives twice.
 */
export async function receiveByPoll({
  exchanges,
  signal,
  onFrame,
}: Received): Promise<HttpClosure> {
  for (let after = 0; !signal.aborted;) {
    const { first, frames, closed } = await exchanges.request({
      method: "GET",
      path: `v1/relay/events?wait=${waitSeconds}&after=${after}`,
      withinMs: waitSeconds * 1_000 + marginMs,
      repeats,
      read: readAnswer,
    });
    if (frames.length > 0 && first !== after + 1) break;
    after += frames.length;
    for (const frame of frames) onFrame(frame);
    if (closed !== undefined) return closed;
  }
  return { code: closing.lost, reason: "frames are missing" };
}

async function readAnswer({ headers, body }: HttpResponse) {
  const frames = splitFrames(await wholeOf(body));
  const close = headers.get("relay-close");
  return {
    first: Number(headers.get("relay-first")),
    frames,
    closed: close === null ? undefined : closureFrom(close),
  };
}

async function wholeOf(body: HttpResponse["body"]): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...pieces);
    pieces.push(value);
  }
}
