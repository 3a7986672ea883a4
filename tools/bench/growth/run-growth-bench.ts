import { partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing, type Closing } from "../closing.ts";
import { Load } from "../load/load-process.ts";
import { measureLoad, type LoadFigures } from "../load/measure-load.ts";
import type { Party } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startSealdesk, type SealdeskServer } from "../servers/sealdesk.ts";
import { medianOf, round } from "../statistics.ts";
import { seedHistory } from "./seed-history.ts";

const SIZES = [1_000, 100_000];
const WINDOW = 8;

interface Grown {
  readonly conversations: number;
  readonly storedMessages: number;
  readonly server: SealdeskServer;
  readonly load: Load;
  readonly rounds: LoadFigures[];
}

/**
 * Measures throughput with many stored conversations and with few, each on its own server and
 * database. Messages go to random conversations. This is the hardest case for a cache that holds
 * only some of them.
 */
export const runGrowthBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const pairs = Math.max(2, Math.round(100 * scale.share));
    const messagesEach = scale.stored;
    const grown: Grown[] = [];
    for (const size of SIZES) {
      const conversations = Math.max(1, Math.round((size * scale.share) / pairs)) * pairs;
      progress(`storing ${conversations} conversations with ${messagesEach} messages each`);
      grown.push(await grow(started, conversations, pairs, messagesEach, scale.processes));
    }
    const measure = ({ load, server }: Grown) =>
      measureLoad(load, server.probe, { window: WINDOW }, scale.seconds);
    // Skips the first figures, because a relay that has just started has no compiled code and no
    // cached heads.
    for (const each of grown) await measure(each);
    for (let turn = 0; turn < scale.rounds; turn++)
      for (const each of grown) each.rounds.push(await measure(each));
    const figures = grown.map(({ conversations, storedMessages, rounds }) => ({
      conversations,
      storedMessages,
      ...medianOf(rounds),
    }));
    const [few, many] = figures;
    const ratio = (many?.messagesPerSecond ?? 0) / (few?.messagesPerSecond ?? Number.NaN);
    return {
      figures: { pairs, window: WINDOW, ...scale, growth: figures },
      table: [
        ["stored conversations", "stored messages", "msg/s", "CPU us/msg", "p50 / p99 ms"],
        ...figures.map((each) => [
          each.conversations,
          each.storedMessages,
          each.messagesPerSecond,
          each.cpuMicrosPerMessage,
          `${each.deliver.p50Ms} / ${each.deliver.p99Ms}`,
        ]),
      ],
      goals: [
        {
          name: `throughput at ${many?.conversations} conversations, of that at ${few?.conversations}`,
          value: round(ratio, 2),
          atLeast: 0.8,
        },
      ],
    };
  });

async function grow(
  started: Closing,
  conversations: number,
  pairs: number,
  messagesEach: number,
  processes: number,
): Promise<Grown> {
  const server = started.add(await startSealdesk());
  const tenant = started.add(await LoadTenant.open(server));
  const devices = await tenant.devices(pairs * 2);
  const couples = Array.from({ length: pairs }, (_, index) =>
    devices.slice(index * 2, index * 2 + 2),
  );
  const made = await tenant.conversations(
    Array.from({ length: conversations }, (_, index) => couples[index % pairs] ?? []),
  );
  const keyIds = await seedHistory(server.ownerUrl, tenant.id, messagesEach);
  const head = 1 + messagesEach;
  const single = await partiesOf(tenant, made.slice(0, pairs), head);
  const parties = single.map(({ links }, couple): Party => {
    const own = made.filter((_, index) => index % pairs === couple);
    const cursors = own.map(({ id }) => ({ conversation: id, seq: head }));
    const rooms = own.map(({ id, devices: [, ...others] }) => {
      const keyId = keyIds.get(id);
      return {
        conversation: id,
        head,
        others: others.map(({ device }) => device),
        ...(keyId !== undefined && { keyId }),
      };
    });
    return { links: links.map((link) => ({ ...link, cursors })), rooms };
  });
  const load = started.add(await Load.prepare(parties, processes));
  await load.connect();
  const storedMessages = conversations * messagesEach;
  return { conversations, storedMessages, server, load, rounds: [] };
}
