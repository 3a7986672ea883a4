import { ChildCalls } from "../load/child-calls.ts";
import type { Load } from "../load/load-process.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";

/** The instructions for the process that floods. */
export type FloodCall =
  | {
      readonly do: "requests";
      readonly specs: readonly SealdeskLinkSpec[];
      readonly inFlight: number;
    }
  | { readonly do: "frames"; readonly specs: readonly SealdeskLinkSpec[] }
  | { readonly do: "end" };

/** A load that goes on until it is ended. */
export interface Flood {
  /** @returns how many requests were answered, frames written, or messages accepted */
  end(): Promise<number>;
}

export const noFlood: Flood = { end: async () => 0 };

/**
 * Floods from a process of its own, which leaves the processors to the server: a hostile client brings its
 * own.
 */
export async function flood(call: FloodCall): Promise<Flood> {
  const child = new ChildCalls<FloodCall>(
    new URL("./flood-worker.js", import.meta.url),
    "yielding",
  );
  await child.call(call);
  return {
    async end() {
      const sent = await child.call({ do: "end" });
      child.end();
      return Number(sent);
    },
  };
}

/** Sends messages at a fixed rate. */
export async function floodMessages(load: Load, perSecond: number): Promise<Flood> {
  await load.take();
  await load.startOpen(perSecond);
  return {
    async end() {
      await load.stop();
      return (await load.take()).reduce((sum, { accepted }) => sum + accepted, 0);
    },
  };
}
