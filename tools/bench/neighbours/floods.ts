import { encodeFrame } from "../../../crypto/wire/frame.ts";
import type { Load } from "../load/load-process.ts";
import type { Link } from "../load/link.ts";
import type { Caller } from "./caller.ts";

/** A load that goes on until it is ended. */
export interface Flood {
  end(): Promise<unknown>;
}

export const noFlood: Flood = { end: async () => undefined };

/** Keeps `inFlight` requests unanswered, of all callers in turn. */
export function floodRequests(callers: readonly Caller[], inFlight: number): Flood {
  const ending = new AbortController();
  const running = Array.from({ length: inFlight }, async (_, index) => {
    for (let at = index; !ending.signal.aborted; at++) await callers[at % callers.length]?.list();
  });
  return {
    end() {
      ending.abort();
      return Promise.all(running);
    },
  };
}

/** Sends acknowledgements that say nothing new, as fast as the server reads them. */
export function floodFrames(links: readonly Link[]): Flood {
  const ending = new AbortController();
  for (const link of links) {
    const write = () => {
      while (!ending.signal.aborted && link.writeRaw(manyFrames, write));
    };
    write();
  }
  return {
    async end() {
      ending.abort();
      for (const link of links) link.close();
    },
  };
}

/** Sends messages at a fixed rate. */
export async function floodMessages(load: Load, perSecond: number): Promise<Flood> {
  await load.startOpen(perSecond);
  return { end: () => load.stop() };
}

/** 1,000 acknowledgements without a cursor. Each is one WebSocket message, masked with zeros (RFC 6455, 5.3). */
const manyFrames = ((): Buffer => {
  const ack = encodeFrame({ kind: "ack", body: { cursors: [] } });
  const message = Buffer.concat([Buffer.from([0x82, 0x80 | ack.length, 0, 0, 0, 0]), ack]);
  return Buffer.concat(Array.from({ length: 1_000 }, () => message));
})();
