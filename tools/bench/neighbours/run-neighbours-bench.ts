import { Agent } from "node:http";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing, type Closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startSealdesk, type SealdeskServer } from "../servers/sealdesk.ts";
import { latencyOf, round, type Latency } from "../statistics.ts";
import { Caller } from "./caller.ts";

/** Conversations of each account, and what a hostile account and a hostile tenant keep in flight. */
const CONVERSATIONS = 200;
const IN_FLIGHT = 64;
const ACCOUNTS = 50;
/** The neighbour's requests per second. An account may use 2,000 proofs in two minutes. */
const PER_SECOND = 10;

interface Calm extends Latency {
  readonly requests: number;
  readonly refused: number;
}

/**
 * Measures how long a tenant waits for its requests while another tenant floods the same node: first
 * alone, then beside one hostile account, then beside a hostile tenant of 50 accounts.
 */
export const runNeighboursBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const server = started.add(await startSealdesk());
    const conversations = Math.max(2, Math.round(CONVERSATIONS * scale.share));
    const accounts = Math.max(2, Math.round(ACCOUNTS * scale.share));
    progress("arranging two tenants");
    const [neighbour] = await callersOf(started, server, 1, conversations);
    const hostile = await callersOf(started, server, accounts, conversations);
    if (neighbour === undefined) throw new Error("there is no neighbour");
    const measure = async (name: string, flooding: readonly Caller[]): Promise<Calm> => {
      progress(name);
      const flood = new Flood(flooding, flooding.length === 0 ? 0 : IN_FLIGHT);
      const calm = await requestSteadily(neighbour, scale.seconds);
      await flood.end();
      return calm;
    };
    // Not counted, because a server that has just started has no compiled code.
    await requestSteadily(neighbour, Math.min(5, scale.seconds));
    const quiet = await measure("alone", []);
    const besideAccount = await measure("beside a hostile account", hostile.slice(0, 1));
    const besideTenant = await measure("beside a hostile tenant", hostile);
    const row = (name: string, { requests, refused, p50Ms, p99Ms }: Calm) => [
      name,
      requests,
      refused,
      `${p50Ms} / ${p99Ms}`,
    ];
    const ratioOf = ({ p99Ms }: Calm) => round(p99Ms / quiet.p99Ms, 2);
    const refused = [quiet, besideAccount, besideTenant].reduce(
      (sum, each) => sum + each.refused,
      0,
    );
    return {
      figures: { ...scale, conversations, accounts, quiet, besideAccount, besideTenant },
      table: [
        ["neighbour", "requests", "refused", "p50 / p99 ms"],
        row("alone", quiet),
        row("beside a hostile account", besideAccount),
        row("beside a hostile tenant", besideTenant),
      ],
      goals: [
        { name: "p99 beside a hostile account", value: ratioOf(besideAccount), atMost: 2 },
        { name: "p99 beside a hostile tenant", value: ratioOf(besideTenant), atMost: 2 },
        { name: "refused requests of the neighbour", value: refused, atMost: 0 },
      ],
    };
  });

/** Accounts of a new tenant, each in the same number of conversations with a partner. */
async function callersOf(
  started: Closing,
  server: SealdeskServer,
  accounts: number,
  conversations: number,
): Promise<Caller[]> {
  const tenant = started.add(await LoadTenant.open(server));
  const devices = await tenant.devices(accounts);
  const partners = await tenant.devices(1);
  const agent = new Agent({ keepAlive: true });
  started.add({ close: async () => agent.destroy() });
  const groups = devices.flatMap((device) =>
    Array.from({ length: conversations }, () => [device, ...partners]),
  );
  await tenant.conversations(groups);
  return Promise.all(
    devices.map(async (device) => new Caller(await tenant.link(device, []), agent)),
  );
}

/** Sends requests at a steady rate, whether or not earlier ones are answered. */
async function requestSteadily(caller: Caller, seconds: number): Promise<Calm> {
  const samples: number[] = [];
  let refused = 0;
  const count = Math.max(1, Math.round(seconds * PER_SECOND));
  const startedMs = performance.now();
  const all = Array.from({ length: count }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, (index * 1000) / PER_SECOND));
    const dueMs = startedMs + (index * 1000) / PER_SECOND;
    if ((await caller.list()) !== 200) refused++;
    samples.push(performance.now() - dueMs);
  });
  await Promise.all(all);
  return { requests: count, refused, ...latencyOf(samples) };
}

/** Keeps a number of requests in flight, of all callers in turn, until it is ended. */
class Flood {
  readonly #running: Promise<void>[];
  #ended = false;

  constructor(callers: readonly Caller[], inFlight: number) {
    this.#running = Array.from({ length: inFlight }, async (_, index) => {
      for (let at = index; !this.#ended; at++) await callers[at % callers.length]?.list();
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
  }
}
