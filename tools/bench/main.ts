import { Command, Option } from "commander";
import { describeMachine } from "./machine.ts";
import { runAccessBench } from "./access/run-access-bench.ts";
import { runKeysBench } from "./keys/run-keys-bench.ts";
import { runAuthorshipBench } from "./authorship/run-authorship-bench.ts";
import { runAuditBench } from "./audit/run-audit-bench.ts";
import { runFanoutBench } from "./fanout/run-fanout-bench.ts";
import { runGrowthBench } from "./growth/run-growth-bench.ts";
import { runIdleBench } from "./idle/run-idle-bench.ts";
import { runNeighboursBench } from "./neighbours/run-neighbours-bench.ts";
import type { Progress, Scale } from "./options.ts";
import { OPTIONAL_PEERS, runPeersBench, type OptionalPeer } from "./peers/run-peers-bench.ts";
import { runRelayBench } from "./relay/run-relay-bench.ts";
import { print, type Measured } from "./report.ts";
import { RIGHTS_PARTS, runRightsBench, type RightsPart } from "./rights/run-rights-bench.ts";
import { runRolloutBench } from "./rollout/run-rollout-bench.ts";
import { PeerError } from "./servers/peer-error.ts";
import { runStormBench } from "./storm/run-storm-bench.ts";

interface Options extends Omit<Scale, "share"> {
  readonly json: boolean;
  readonly quick: boolean;
  /** The relays to leave out of `peers`. */
  readonly without?: readonly OptionalPeer[];
  /** The parts of `rights` to measure. */
  readonly only?: readonly RightsPart[];
}

const QUICK: Scale = { seconds: 0.3, rounds: 1, processes: 1, stored: 5, share: 0.02 };

const program = new Command("bench").description(
  "Measures Sealdesk beside a limit or a competitor in the same run",
);

function bench(
  name: string,
  description: string,
  run: (scale: Scale, progress: Progress, options: Options) => Promise<Measured>,
  seconds = 3,
): Command {
  return program
    .command(name)
    .description(description)
    .option("--json", "print one JSON object and nothing else", false)
    .option("--quick", "run a trial with tiny numbers; its figures mean nothing", false)
    .option("--seconds <n>", "seconds for which each load is counted", Number, seconds)
    .option("--rounds <n>", "number of interleaved rounds; the median counts", Number, 3)
    .option("--processes <n>", "number of load processes", Number, 1)
    .option(
      "--stored <n>",
      "growth only: messages stored in each conversation before the run",
      Number,
      20,
    )
    .action(async (options: Options) => {
      const { json, quick, rounds, processes, stored } = options;
      const progress = (line: string) => {
        if (!json) process.stderr.write(`${line}\n`);
      };
      const scale = quick
        ? QUICK
        : { seconds: options.seconds, rounds, processes, stored, share: 1 };
      await print(name, await run(scale, progress, options), json);
    });
}

bench("relay", "durable messages a second and latency, beside the bare prototype", runRelayBench);
bench(
  "peers",
  "the same beside socket.io and ejabberd, as others run them",
  (scale, progress, { without }) => runPeersBench(scale, progress, without ?? []),
).addOption(
  new Option("--without <peers...>", "leave out what is not installed").choices(OPTIONAL_PEERS),
);
bench("idle", "memory of a connection that says nothing, beside bare ws", runIdleBench);
bench("storm", "everybody reconnects at once, beside the bare prototype", runStormBench);
bench("fanout", "conversations of 4 and 16 devices, beside conversations of 2", runFanoutBench);
bench("rollout", "two nodes behind HAProxy, restarted one after the other", runRolloutBench);
bench("authorship", "what signing each message costs a device, beside a limit", runAuthorshipBench);
bench("audit", "what auditing costs an act, and a log of a million entries", runAuditBench);
bench(
  "access",
  "decisions, lists through policies, sign-ins, and changes that reach two nodes",
  runAccessBench,
);
bench("neighbours", "a tenant beside a hostile account and tenant", runNeighboursBench, 60);
bench(
  "rights",
  "erasures of few and of many messages, the purge, the relay beside both, and a long ledger",
  (scale, progress, { only }) => runRightsBench(scale, progress, only),
).addOption(new Option("--only <parts...>", "measure these parts").choices(RIGHTS_PARTS));
bench("growth", "100,000 stored conversations, beside 1,000", runGrowthBench);

program
  .command("keys")
  .description("sealing at rest beside bare AES-GCM, keys from memory and keystore, re-wrapping")
  .option("--json", "print one JSON object and nothing else", false)
  .option("--seconds <n>", "seconds for which each load runs", Number, 2)
  .action(async (options: { json: boolean; seconds: number }) => {
    const progress = (line: string) => {
      if (!options.json) process.stderr.write(`${line}\n`);
    };
    const figures = await runKeysBench(options, progress);
    const report = { bench: "keys", ...(await describeMachine()), ...figures };
    process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof PeerError)) throw error;
  program.error(`${error.code}: ${error.message}`);
}
