import * as native from "../../../crypto/device/sodium.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { median, round } from "../statistics.ts";
import { openMeasuringPage } from "./in-chromium.ts";
import { payloadBytes, repeat, steps, stepsOf, type Step } from "./steps.ts";

/** The most that the signature may add to a send, in microseconds. */
const MOST_SIGN_MICROS = 100;

/** Where a message is signed and verified. */
interface Platform {
  /** @returns how often the step was done */
  readonly repeat: (step: Step, seconds: number) => Promise<number>;
  /** The CPU time that has been spent. Elapsed time would count others on the machine. */
  readonly cpuMicros: () => number | Promise<number>;
}

/**
 * Measures what the signature of a message costs its sender and each receiver, beside the commitment: in
 * Node, and in Chromium with WebCrypto and without.
 */
export async function runAuthorshipBench(
  { seconds, rounds }: Scale,
  progress: Progress,
): Promise<Measured> {
  await native.ready;
  const inNode = await stepsOf(native);
  const page = await openMeasuringPage();
  const { cpuMicros } = page;
  const platforms: Readonly<Record<string, Platform>> = {
    Node: { repeat: (step, time) => repeat(inNode[step], time), cpuMicros: ownCpuMicros },
    Chromium: { repeat: (step, time) => page.repeat(step, true, time), cpuMicros },
    "Chromium without WebCrypto": {
      repeat: (step, time) => page.repeat(step, false, time),
      cpuMicros,
    },
  };
  const found = Object.entries(platforms).map(([name, platform]) => ({
    name,
    platform,
    costs: [] as Costs[],
  }));
  for (let turn = 1; turn <= rounds; turn++)
    for (const { name, platform, costs } of found) {
      costs.push(await costsOn(platform, seconds / 3));
      progress(`round ${turn}: ${name}`);
    }
  await page.close();
  const results = found.map(({ name, costs }) => {
    const typical = (step: Step) => round(median(costs.map((each) => each[step])), 1);
    return {
      name,
      commitMicros: typical("commit"),
      signMicros: typical("sign"),
      verifyMicros: typical("verify"),
    };
  });
  return {
    figures: { payloadBytes, chromium: page.version, results },
    table: [
      ["platform", "commit, us", "sign, us", "verify, us"],
      ...results.map((each) => [each.name, each.commitMicros, each.signMicros, each.verifyMicros]),
    ],
    goals: results
      .filter(({ name }) => name !== "Chromium without WebCrypto")
      .map(({ name, signMicros }) => ({
        name: `microseconds that a signature adds to a send, ${name}`,
        value: signMicros,
        atMost: MOST_SIGN_MICROS,
      })),
  };
}

/** The microseconds of each step. */
type Costs = Readonly<Record<Step, number>>;

async function costsOn(platform: Platform, seconds: number): Promise<Costs> {
  const costs = { commit: 0, sign: 0, verify: 0 };
  for (const step of steps) {
    await platform.repeat(step, seconds / 10);
    const began = await platform.cpuMicros();
    const count = await platform.repeat(step, seconds);
    costs[step] = ((await platform.cpuMicros()) - began) / count;
  }
  return costs;
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
