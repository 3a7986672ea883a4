/** A process that floods a node as one tenant. */
import { Agent } from "node:http";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import { answerCalls } from "../load/child-calls.ts";
import { RelayConnection } from "../load/relay-connection.ts";
import { sealdeskDialect } from "../load/sealdesk-dialect.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";
import { Caller } from "./caller.ts";
import type { FloodCall } from "./floods.ts";

/** 1,000 acknowledgements without a cursor. Each is one WebSocket message, masked with zeros (RFC 6455, 5.3). */
const FRAMES_AT_ONCE = 1_000;
const manyFrames = ((): Buffer => {
  const ack = encodeFrame({ kind: "ack", body: { cursors: [] } });
  const message = Buffer.concat([Buffer.from([0x82, 0x80 | ack.length, 0, 0, 0, 0]), ack]);
  return Buffer.concat(Array.from({ length: FRAMES_AT_ONCE }, () => message));
})();

/** Ends the flood that is under way, and returns how many requests or frames it sent. */
let endFlood: () => Promise<number> = async () => 0;

/** Keeps `inFlight` requests unanswered, of all accounts in turn. */
function floodRequests(specs: readonly SealdeskLinkSpec[], inFlight: number): void {
  const agent = new Agent({ keepAlive: true });
  const callers = specs.map((spec) => new Caller(spec, agent));
  const ending = new AbortController();
  let sent = 0;
  const running = Array.from({ length: inFlight }, async (_, index) => {
    for (let at = index; !ending.signal.aborted; at++, sent++)
      await callers[at % callers.length]?.list();
  });
  endFlood = async () => {
    ending.abort();
    await Promise.all(running);
    agent.destroy();
    return sent;
  };
}

/** Sends acknowledgements that say nothing new, as fast as the server reads them. */
async function floodFrames(specs: readonly SealdeskLinkSpec[]): Promise<void> {
  const silent = { accepted: () => undefined, delivered: () => undefined };
  const links = await Promise.all(
    specs.map((spec) => RelayConnection.open(spec.url, sealdeskDialect(spec), "127.0.0.1", silent)),
  );
  const ending = new AbortController();
  let sent = 0;
  for (const link of links) {
    const write = () => {
      for (let isTaken = true; isTaken && !ending.signal.aborted; sent += FRAMES_AT_ONCE)
        isTaken = link.writeRaw(manyFrames, write);
    };
    write();
  }
  endFlood = async () => {
    ending.abort();
    for (const link of links) link.close();
    return sent;
  };
}

answerCalls(async (call: FloodCall) => {
  switch (call.do) {
    case "requests":
      return floodRequests(call.specs, call.inFlight);
    case "frames":
      return floodFrames(call.specs);
    case "end":
      return endFlood();
  }
});
