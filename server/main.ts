import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { isatty } from "node:tty";
import { uuidv7 } from "uuidv7";
import { processEnvironment } from "../keys/environment/env-file.ts";
import { unknownSealdeskVariables } from "../keys/environment/known-variables.ts";
import { readConfig, type Config } from "./config.ts";
import { DEMO_TENANT } from "./development.ts";
import { createLog, describeError } from "./log.ts";
import { lossyOutput } from "./lossy-output.ts";
import { startServer, type RunningServer } from "./start.ts";
import { StartAborted } from "./unless-aborted.ts";
import { idGenerator } from "../crypto/wire/ids.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";
/**
 * The longest time for closing after a failure. A database that does not come back would block it.
 */
const CLOSE_AFTER_FAILURE_MS = 15_000;
// A log that cannot be written must not end the server.
const output = lossyOutput(process.stdout);
const print = (text: string): void => void output.stream.write(`${text}\n`);
process.stderr.on("error", () => undefined);

function versionOfPackage(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function printWelcome({ url, metricsUrl, accounts }: RunningServer): void {
  print(`Sealdesk is at ${url}, its API documentation at ${url}/v1/docs.`);
  if (metricsUrl !== undefined) print(`Metrics are at ${metricsUrl}.`);
  if (accounts.length === 0) return;
  print(`Development accounts, tenant "${DEMO_TENANT}":`);
  for (const { username, role, password } of accounts)
    print(`  ${username.padEnd(8)} ${role.padEnd(12)} ${password.reveal()}`);
  const audience = url === DEFAULT_URL ? "" : ` --audience ${url}`;
  print(
    `For a customer: npx sealdesk customer-token --tenant ${DEMO_TENANT} --subject NAME${audience}`,
  );
}

/**
 * Aborted by the first signal to stop. Later signals change nothing. A terminal that closes sends
 * SIGHUP. Without a terminal, as under nohup or systemd, SIGHUP is ignored.
 */
function stopRequested(): AbortSignal {
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  process.on("SIGHUP", () => hasTerminal && stop.abort());
  return stop.signal;
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined));
    if (signal.aborted) resolve(undefined);
  });

async function main(): Promise<void> {
  // Listen from the start, so that a signal during startup also stops the server.
  const stopping = stopRequested();
  const config: Config = readConfig(processEnvironment());
  const log = createLog(config.logLevel, output.stream);
  const unknown = unknownSealdeskVariables(process.env);
  if (unknown.length > 0)
    log.warn("unknown variables in the environment", { names: unknown.join(", ") });
  const server = await startServer(config, {
    now: Date.now,
    newId: idGenerator(uuidv7),
    log,
    version: versionOfPackage(),
    lostLogLines: output.lost,
    stopping,
  });
  printWelcome(server);
  const failure = await Promise.race([aborted(stopping), server.failed]);
  const closed = server.close().catch((error: unknown) => {
    // After a failure, this error would only repeat it.
    if (failure === undefined) log.error("stopping failed", describeError(error));
    process.exitCode = 1;
  });
  if (failure === undefined) return closed;
  await Promise.race([closed, wait(CLOSE_AFTER_FAILURE_MS)]);
  throw failure;
}

/**
 * Returns the text for an error that stops the server. The text of an expected error is one
 * sentence about the fault. The code of its cause says why.
 */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return "The server did not start.";
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && !error.message.includes(code)
    ? `${error.message} (${code})`
    : error.message;
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    if (error instanceof StartAborted) process.exit(0);
    process.stderr.write(`${sentence(error)}\n`);
    process.exit(1);
  },
);
