import { partiesOf } from "../arrange/parties.ts";
import { Load } from "../load/load-process.ts";
import { measureLoad, type LoadFigures } from "../load/measure-load.ts";
import type { LoadTenant } from "../arrange/tenant.ts";
import type { Progress, Scale } from "../options.ts";
import type { SealdeskServer } from "../servers/sealdesk.ts";
import { medianOf } from "../statistics.ts";
import { begin, ended } from "./measure-destruction.ts";
import { purge, storeExpired, type PurgeDeps } from "./measure-purge.ts";
import { settleStored, storeMessages } from "./stored-messages.ts";

const WINDOW = 8;

export interface Beside {
  readonly alone: LoadFigures;
  readonly beside: LoadFigures;
  /** Whether the purge and the erasure ran until the end of every measurement. */
  readonly isOutlasted: boolean;
}

/** Measures the relay alone, and while the purge deletes and an erasure removes as many messages. */
export async function measureBeside(
  deps: PurgeDeps & { readonly server: SealdeskServer; readonly talking: LoadTenant },
  messages: number,
  scale: Scale,
  progress: Progress,
): Promise<Beside> {
  const { owner, pool, tenant, server, talking } = deps;
  const pairs = Math.max(2, Math.round(100 * scale.share));
  const parties = await partiesOf(talking, await talking.groups(pairs, 2));
  const load = await Load.prepare(parties, scale.processes);
  try {
    await load.connect();
    const measure = () => measureLoad(load, server.probe, { window: WINDOW }, scale.seconds);
    // A relay that has just started has no compiled code.
    await measure();
    const rounds: { alone: LoadFigures; beside: LoadFigures }[] = [];
    let isOutlasted = true;
    for (let turn = 0; turn < scale.rounds; turn++) {
      progress(`storing ${messages} messages to purge and ${messages} to erase`);
      await storeExpired(deps, messages);
      const erased = await storeMessages(owner, tenant, {
        count: 1,
        each: messages,
        receivedAtMs: Date.now(),
      });
      await settleStored(owner);
      const alone = await measure();
      const running = new Set(["purge", "erasure"]);
      const id = await begin(pool, tenant, erased);
      const work = Promise.all([
        purge(deps, "rests").finally(() => running.delete("purge")),
        ended(owner, id).finally(() => running.delete("erasure")),
      ]);
      const beside = await measure();
      isOutlasted &&= running.has("purge") && running.has("erasure");
      await work;
      rounds.push({ alone, beside });
    }
    return { ...medianOf(rounds), isOutlasted };
  } finally {
    await load.close();
  }
}
