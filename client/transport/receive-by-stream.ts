import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { SealdeskError } from "../errors.ts";
import type { Clock, HttpResponse } from "../runtime.ts";
import { closing } from "./channel.ts";
import {
  closureFrom,
  type HttpClosure,
  type HttpChannelDeps,
  type Received,
} from "./http-channel.ts";

/**
 * The relay writes immediately. If nothing arrives in this time, something in between holds the
 * answer back.
 */
const openWithinMs = 5_000;
/** The relay sends a ping after 25 s of silence. */
const silenceMs = 35_000;

/** Receives frames from one stream of server-sent events. The connection ends with the stream. */
export function receiveByStream(
  received: Received,
  { clock }: Pick<HttpChannelDeps, "clock">,
): Promise<HttpClosure> {
  return received.exchanges.request({
    method: "GET",
    path: "v1/relay/stream",
    headers: { accept: "text/event-stream" },
    withinMs: openWithinMs,
    repeats: 0,
    read: async (response, settle) => {
      settle();
      return readStream(response, clock, received);
    },
  });
}

async function readStream(
  { body }: HttpResponse,
  clock: Clock,
  { onFrame, onPing, signal }: Received,
): Promise<HttpClosure> {
  if (body === undefined || body === null)
    throw new SealdeskError("network", "This fetch cannot stream an answer.");
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel);
  let cancelAlarm = clock.after(openWithinMs, cancel);
  try {
    // Few devices need a stream, so its parser is loaded with the first one.
    const { EventStreamParser } = await import("./event-stream.ts");
    const parser = new EventStreamParser();
    for (;;) {
      const { done, value } = await reader.read();
      cancelAlarm();
      if (done || signal.aborted) return { code: closing.lost, reason: "the stream ended" };
      cancelAlarm = clock.after(silenceMs, cancel);
      for (const { name, data } of parser.push(value)) {
        if (name === "close") return closureFrom(data);
        if (name === "ping") onPing();
        else onFrame(fromBase64Url(data));
      }
    }
  } finally {
    cancelAlarm();
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
