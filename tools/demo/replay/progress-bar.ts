import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "./replay-file.ts";

/** Returns a bar on a terminal, and nothing elsewhere. */
export function progressBar(isWanted: boolean): Progress {
  if (!isWanted || !process.stderr.isTTY)
    return { start: () => undefined, done: () => undefined, stop: () => undefined };
  const format = "Replaying {bar} {value} of {total} conversations";
  const bar = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
  return {
    start: (conversations) => bar.start(conversations, 0),
    done: () => bar.increment(),
    stop: () => bar.stop(),
  };
}
