import { Presets, SingleBar } from "cli-progress";
import { readOptions, usage, type Options } from "./options.ts";
import { replayFile, type Progress } from "./replay/replay-file.ts";
import { listFailures, isGood, reportOf, summaryOf } from "./replay/report.ts";
import { showConversation } from "./show/show-conversation.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

/** Returns a bar on a terminal, and nothing elsewhere. */
function progressBar(isWanted: boolean): Progress {
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

/** @returns the exit code */
async function replay(options: Extract<Options, { kind: "replay" }>): Promise<number> {
  const replayed = await replayFile(options, progressBar(!options.json));
  const report = reportOf(replayed);
  for (const complaint of listFailures(replayed)) complain(complaint);
  if (!options.json) print(summaryOf(report, replayed));
  print(JSON.stringify(report));
  return isGood(replayed) ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  switch (options.kind) {
    case "help":
      print(usage);
      return 0;
    case "show":
      await showConversation(options.keep, print);
      return 0;
    case "replay":
      return replay(options);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
