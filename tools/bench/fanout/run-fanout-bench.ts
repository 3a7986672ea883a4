import { bareParties, partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing } from "../closing.ts";
import { Load } from "../load/load-process.ts";
import { measureLoad, type LoadFigures } from "../load/measure-load.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startBareRelay } from "../servers/bare-relay.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { medianOf, round } from "../statistics.ts";

const SIZES = [2, 4, 16] as const;
const WINDOW = 8;

/** Measures messages accepted a second in conversations of several devices and of two devices. */
export const runFanoutBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const conversations = Math.max(2, Math.round(100 * scale.share));
    const server = started.add(await startSealdesk());
    const tenant = started.add(await LoadTenant.open(server));
    const prototype = started.add(await startBareRelay(server.ownerUrl));
    const figures: { size: number; sealdesk: LoadFigures; prototype: LoadFigures }[] = [];
    const sides = [];
    for (const size of SIZES) {
      const parties = await partiesOf(tenant, await tenant.groups(conversations, size));
      const ours = started.add(await Load.prepare(parties, scale.processes));
      const bare = bareParties(prototype.url, conversations, size);
      const theirs = started.add(await Load.prepare(bare, scale.processes));
      await ours.connect();
      await theirs.connect();
      sides.push({ size, ours, theirs, rounds: { ours: [], theirs: [] } as Rounds });
    }
    const shape = { window: WINDOW };
    // Skips the first figures, because the code of a relay that has just started is not compiled
    // yet.
    for (const { ours, theirs } of sides) {
      await measureLoad(ours, server.probe, shape, scale.seconds);
      await measureLoad(theirs, prototype.probe, shape, scale.seconds);
    }
    for (let turn = 0; turn < scale.rounds; turn++)
      for (const { ours, theirs, rounds } of sides) {
        rounds.ours.push(await measureLoad(ours, server.probe, shape, scale.seconds));
        rounds.theirs.push(await measureLoad(theirs, prototype.probe, shape, scale.seconds));
      }
    for (const { size, rounds } of sides) {
      const [sealdesk, bare] = [medianOf(rounds.ours), medianOf(rounds.theirs)];
      figures.push({ size, sealdesk, prototype: bare });
      progress(
        `${size} devices: ${sealdesk.messagesPerSecond} messages/s, ${sealdesk.deliveriesPerSecond} deliveries/s`,
      );
    }
    const pairs = figures[0]?.sealdesk.messagesPerSecond ?? Number.NaN;
    const shareOf = (size: number) =>
      round(
        (figures.find((each) => each.size === size)?.sealdesk.messagesPerSecond ?? 0) / pairs,
        2,
      );
    return {
      figures: { conversations, window: WINDOW, ...scale, fanout: figures },
      table: [
        [
          "devices",
          "Sealdesk, msg/s",
          "deliveries/s",
          "CPU us/msg",
          "prototype, msg/s",
          "deliveries/s",
        ],
        ...figures.map(({ size, sealdesk, prototype: bare }) => [
          size,
          sealdesk.messagesPerSecond,
          sealdesk.deliveriesPerSecond,
          sealdesk.cpuMicrosPerMessage,
          bare.messagesPerSecond,
          bare.deliveriesPerSecond,
        ]),
      ],
      goals: [
        { name: "4 devices, of the rate of 2", value: shareOf(4), atLeast: 0.5 },
        { name: "16 devices, of the rate of 2", value: shareOf(16), atLeast: 0.15 },
      ],
    };
  });

interface Rounds {
  readonly ours: LoadFigures[];
  readonly theirs: LoadFigures[];
}
