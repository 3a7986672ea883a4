import { Command } from "commander";
import { describeMachine } from "./machine.ts";
import { runKeysBench } from "./keys/run-keys-bench.ts";
import { runRelayBench } from "./relay/run-relay-bench.ts";

const program = new Command("bench").description("Measures Sealdesk beside what limits it.");

program
  .command("relay")
  .description("durable messages a second and latency, beside a bare ws relay and bare inserts")
  .option("--json", "print one JSON object and nothing else", false)
  .option("--seconds <n>", "how long each load runs", Number, 5)
  .option("--pairs <n>", "sender-receiver pairs", Number, 100)
  .action(async (options: { json: boolean; seconds: number; pairs: number }) => {
    const progress = (line: string) => {
      if (!options.json) process.stderr.write(`${line}\n`);
    };
    const figures = await runRelayBench(options, progress);
    const report = { bench: "relay", ...(await describeMachine()), ...figures };
    process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
  });

program
  .command("keys")
  .description("sealing at rest beside bare AES-GCM, keys from memory and keystore, re-wrapping")
  .option("--json", "print one JSON object and nothing else", false)
  .option("--seconds <n>", "how long each load runs", Number, 2)
  .action(async (options: { json: boolean; seconds: number }) => {
    const progress = (line: string) => {
      if (!options.json) process.stderr.write(`${line}\n`);
    };
    const figures = await runKeysBench(options, progress);
    const report = { bench: "keys", ...(await describeMachine()), ...figures };
    process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
  });

await program.parseAsync();
