import type { Counts, Played, Scenario } from "./scenario.ts";
import { withStage, type StageOptions } from "./stage/stage.ts";
import { unmetDemands } from "./scenario.ts";

/** Every scenario demands this of the search at its end. */
const always = { plaintextFound: 0 };

/**
 * Plays a scenario on a fresh server, which is discarded afterwards. At the end everything that the server kept is
 * searched for what the people said. A scenario that cannot go on has failed: the reason is among the failures.
 */
export async function playScenario(scenario: Scenario, options: StageOptions): Promise<Played> {
  const startedMs = performance.now();
  const played = (counts: Counts, failures: readonly string[]): Played => ({
    scenario,
    counts,
    failures,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
  });
  try {
    return await withStage(options, async (stage) => {
      const counted = await scenario.play(stage);
      const { found, places } = await stage.search();
      const counts = { ...counted, plaintextFound: found };
      return played(counts, [
        ...unmetDemands({ ...scenario.demands, ...always }, counts),
        ...places.map((place) => `Text of the conversations is in ${place}.`),
      ]);
    });
  } catch (error) {
    return played({}, [error instanceof Error ? error.message : String(error)]);
  }
}
