import type { Progress, Scale } from "../options.ts";
import type { CpuProbe } from "../servers/probe.ts";
import { medianOf } from "../statistics.ts";
import type { Load } from "./load-process.ts";
import { measureLoad, type LoadFigures, type Shape } from "./measure-load.ts";

/** A relay with its connected load. */
export interface Loaded {
  readonly load: Load;
  readonly probe: CpuProbe;
}

/** Figures by load, and within a load by relay. */
export type Compared<Name extends string> = Readonly<Record<string, Record<Name, LoadFigures>>>;

/**
 * Puts each load on each relay in turn, round after round, so that a change of the machine affects
 * all of them. The first turn is not counted, because the code of a relay that has just started is
 * not compiled yet.
 */
export async function measureInTurns<Name extends string>(
  relays: ReadonlyMap<Name, Loaded>,
  shapes: Readonly<Record<string, Shape>>,
  { rounds, seconds }: Pick<Scale, "rounds" | "seconds">,
  progress: Progress,
): Promise<Compared<Name>> {
  const figures: Record<string, Record<Name, LoadFigures>> = {};
  for (const { load, probe } of relays.values())
    await measureLoad(load, probe, { window: 8 }, seconds);
  for (const [shapeName, shape] of Object.entries(shapes)) {
    const measured = new Map<Name, LoadFigures[]>(Array.from(relays.keys(), (name) => [name, []]));
    for (let turn = 0; turn < rounds; turn++)
      for (const [name, { load, probe }] of relays)
        measured.get(name)?.push(await measureLoad(load, probe, shape, seconds));
    const medians = Array.from(measured, ([name, all]) => [name, medianOf(all)] as const);
    figures[shapeName] = Object.fromEntries(medians) as Record<Name, LoadFigures>;
    progress(`${shapeName}: ${medians.map(([name, median]) => line(name, median)).join("; ")}`);
  }
  return figures;
}

const line = (name: string, { messagesPerSecond, cpuMicrosPerMessage, deliver }: LoadFigures) =>
  `${name} ${messagesPerSecond}/s ${cpuMicrosPerMessage} us p99 ${deliver.p99Ms} ms`;

/** Returns a table of the figures: a row for each load, three columns for each relay. */
export const tableOf = <Name extends string>(
  figures: Compared<Name>,
  titles: Readonly<Partial<Record<Name, string>>>,
): (string | number)[][] => {
  const columns = Object.entries<string | undefined>(titles) as [Name, string][];
  return [
    ["load", ...columns.flatMap(([, title]) => [`${title}, msg/s`, "CPU us/msg", "p50 / p99 ms"])],
    ...Object.entries(figures).map(([shape, each]) => [
      shape,
      ...columns.flatMap(([name]) => {
        const { messagesPerSecond, cpuMicrosPerMessage, deliver } = each[name];
        return [messagesPerSecond, cpuMicrosPerMessage, `${deliver.p50Ms} / ${deliver.p99Ms}`];
      }),
    ]),
  ];
};
