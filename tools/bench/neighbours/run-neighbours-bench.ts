import { Agent } from "node:http";
import { defaultLimits } from "../../testkit/server-process.ts";
import { partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing, type Closing } from "../closing.ts";
import type { Priority } from "../load/child-calls.ts";
import { Load } from "../load/load-process.ts";
import { measureLoad } from "../load/measure-load.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startSealdesk, type SealdeskServer } from "../servers/sealdesk.ts";
import { latencyOf, medianOf, round, type Latency } from "../statistics.ts";
import { Caller } from "./caller.ts";
import { DiskProbe } from "./disk-probe.ts";
import { flood, floodMessages, noFlood, type Flood } from "./floods.ts";

/**
 * The number of conversations of each account, and the amounts that a hostile account and a hostile
 * tenant keep in flight.
 */
const CONVERSATIONS = 200;
const IN_FLIGHT = 64;
const ACCOUNTS = 50;
/** The messages a second that a staff account may send in the long run. */
const MESSAGES_OF_ACCOUNT = 9;
/** The neighbour's requests per second, of its accounts in turn. An account of staff may list twice a second. */
const REQUESTS = 10;
const NEIGHBOURS = 10;
/** The neighbour's messages per second, from three devices. */
const MESSAGES = 20;

interface Felt {
  readonly requests: Latency & { readonly refused: number };
  readonly messages: Latency;
  /** How long the disk took to make a block durable. */
  readonly disk: Latency;
  /** Requests answered, frames written or messages accepted of the flood, per second. */
  readonly floodPerSecond: number;
}

/**
 * Measures how long a tenant waits for its requests and messages while another tenant floods the same
 * node, which has its default limits: alone, beside one hostile account, and beside a hostile tenant of 50
 * accounts that floods with requests, with frames and with messages. They take turns, round after round, so
 * that a change of the machine or its disk affects all of them. The flood comes from a process of its own that
 * leaves the processors to the server, because a hostile client brings its own.
 */
export const runNeighboursBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const server = started.add(await startSealdesk({ settings: defaultLimits }));
    const conversations = Math.max(2, Math.round(CONVERSATIONS * scale.share));
    const accounts = Math.max(2, Math.round(ACCOUNTS * scale.share));
    progress("arranging two tenants");
    const neighbour = await arrange(
      started,
      server,
      { accounts: NEIGHBOURS, conversations, senders: 3 },
      "normal",
    );
    const agent = new Agent({ keepAlive: true });
    started.add({ close: async () => agent.destroy() });
    const request = async (seconds: number): Promise<Felt["requests"]> => {
      const specs = await neighbour.link();
      return requestSteadily(
        specs.map((spec) => new Caller(spec, agent)),
        seconds,
      );
    };
    const hostile = await arrange(
      started,
      server,
      { accounts, conversations, senders: accounts },
      "yielding",
    );
    const feel = async (begin: () => Promise<Flood>): Promise<Felt> => {
      const startedMs = performance.now();
      const begun = await begin();
      const probe = new DiskProbe();
      const [requests, messages] = await Promise.all([
        request(scale.seconds),
        measureLoad(neighbour.load, server.probe, { perSecond: MESSAGES }, scale.seconds),
      ]);
      const disk = await probe.end();
      const sent = await begun.end();
      const floodPerSecond = Math.round((sent * 1000) / (performance.now() - startedMs));
      return { requests, messages: messages.deliver, disk, floodPerSecond };
    };
    // Not counted, because a server that has just started has no compiled code.
    await request(Math.min(5, scale.seconds));
    const turns = Object.entries({
      nobody: async () => noFlood,
      "account's requests": async () =>
        flood({ do: "requests", specs: (await hostile.link()).slice(0, 1), inFlight: IN_FLIGHT }),
      "tenant's requests": async () =>
        flood({ do: "requests", specs: await hostile.link(), inFlight: IN_FLIGHT }),
      "tenant's frames": async () => flood({ do: "frames", specs: await hostile.link() }),
      "tenant's messages": () => floodMessages(hostile.load, accounts * MESSAGES_OF_ACCOUNT),
    });
    const rounds: Record<string, Felt>[] = [];
    for (let count = 1; count <= scale.rounds; count++) {
      const felt: Record<string, Felt> = {};
      for (const [name, begin] of turns) {
        progress(`round ${count} of ${scale.rounds}: beside ${name}`);
        felt[name] = await feel(begin);
      }
      rounds.push(felt);
    }
    const { nobody: alone, ...beside } = medianOf(rounds);
    if (alone === undefined) throw new Error("nothing was measured alone");
    const all = { nobody: alone, ...beside };
    const latency = ({ p50Ms, p99Ms }: Latency) => `${p50Ms} / ${p99Ms}`;
    return {
      figures: { ...scale, conversations, accounts, alone, beside, measured: rounds },
      table: [
        [
          "beside",
          "requests p50 / p99 ms",
          "messages p50 / p99 ms",
          "disk p50 / p99 ms",
          "refused",
          "flood per second",
        ],
        ...Object.entries(all).map(([name, { requests, messages, disk, floodPerSecond }]) => [
          name,
          latency(requests),
          latency(messages),
          latency(disk),
          requests.refused,
          floodPerSecond,
        ]),
      ],
      goals: [
        ...Object.entries(beside).flatMap(([name, felt]) =>
          (["requests", "messages"] as const).map((what) => ({
            name: `p99 of ${what} beside a hostile ${name}`,
            value: round(felt[what].p99Ms / alone[what].p99Ms, 2),
            atMost: 2,
          })),
        ),
        {
          name: "refused requests of the neighbour",
          value: rounds
            .flatMap((felt) => Object.values(felt))
            .reduce((sum, { requests }) => sum + requests.refused, 0),
          atMost: 0,
        },
      ],
    };
  });

/** A tenant whose accounts can request and connect, and whose senders can send messages. */
interface Arranged {
  /** Returns what each account needs to request and connect, with a new access token. */
  link(): Promise<readonly SealdeskLinkSpec[]>;
  readonly load: Load;
}

/**
 * Arranges a tenant of `accounts`, each in the same number of conversations with a partner, and of
 * `senders` who send messages in a conversation of their own.
 */
async function arrange(
  started: Closing,
  server: SealdeskServer,
  size: { readonly accounts: number; readonly conversations: number; readonly senders: number },
  priority: Priority,
): Promise<Arranged> {
  const tenant = started.add(await LoadTenant.open(server));
  const devices = await tenant.devices(size.accounts);
  const partners = await tenant.devices(1);
  const groups = devices.flatMap((device) =>
    Array.from({ length: size.conversations }, () => [device, ...partners]),
  );
  await tenant.conversations(groups);
  const parties = await partiesOf(tenant, await tenant.groups(size.senders, 2));
  const load = started.add(await Load.prepare(parties, 1, priority));
  await load.connect();
  return { link: () => Promise.all(devices.map((device) => tenant.link(device, []))), load };
}

/** Sends requests at a steady rate, of each caller in turn, whether or not earlier ones are answered. */
async function requestSteadily(
  callers: readonly Caller[],
  seconds: number,
): Promise<Felt["requests"]> {
  const samples: number[] = [];
  let refused = 0;
  const count = Math.max(1, Math.round(seconds * REQUESTS));
  const startedMs = performance.now();
  const all = Array.from({ length: count }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, (index * 1000) / REQUESTS));
    const dueMs = startedMs + (index * 1000) / REQUESTS;
    if ((await callers[index % callers.length]?.list()) !== 200) refused++;
    samples.push(performance.now() - dueMs);
  });
  await Promise.all(all);
  return { refused, ...latencyOf(samples) };
}
