import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

// The built program, as it is installed: `npm run build` comes before these tests.
const main = fileURLToPath(new URL("../../dist/server/main.js", import.meta.url));

/** An empty SEALDESK_HOME that user postgres can reach as well. */
export async function temporaryHome(): Promise<{ readonly home: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-process-"));
  await chmod(folder, 0o755);
  return { home: join(folder, "home"), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The process id of the embedded PostgreSQL; undefined when there is none. */
export async function postmasterOf(home: string): Promise<number | undefined> {
  const text = await readFile(join(home, "postgres", "postmaster.pid"), "utf8").catch(() => "");
  return text === "" ? undefined : Number(text.split("\n")[0]);
}

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

export interface ServerProcess {
  readonly process: ChildProcess;
  /** What it wrote to pipes so far: standard output and standard error. */
  output(): string;
  errors(): string;
  /** Resolves with the URL as soon as it answers; rejects when the program ends first. */
  url(): Promise<string>;
  /** Its exit code; null when a signal ended it. */
  ended(): Promise<number | null>;
}

interface Settings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdio?: StdioOptions;
  /** What to run instead of the command, which it is given. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
  /** Must be given when what the server prints cannot be read here. */
  readonly port?: number;
}

/** Runs the server as a program of its own, on the embedded database unless told otherwise. */
export function spawnServer(home: string, settings: Settings = {}): ServerProcess {
  const { environment = {}, cwd = tmpdir(), stdio = "pipe", port = 0 } = settings;
  const [program = "", ...args] = (settings.wrap ?? ((command) => command))([
    process.execPath,
    main,
  ]);
  const child = spawn(program, args, {
    // Away from the repository, where a .env might be.
    cwd,
    env: {
      PATH: process.env["PATH"],
      SEALDESK_HOME: home,
      PORT: String(port),
      ...environment,
    },
    stdio,
  });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exit = once(child, stdio === "pipe" ? "close" : "exit") as Promise<[number | null]>;
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    output: () => output,
    errors: () => errors,
    async url() {
      let url: string | undefined;
      await until(async () => {
        if (hasEnded()) throw new Error(`the server ended: ${output}${errors}`);
        url = port === 0 ? /at (http:\S+),/.exec(output)?.[1] : `http://127.0.0.1:${port}`;
        return url !== undefined && (await status(`${url}/readyz`)) === 200;
      });
      return url ?? "";
    },
    ended: async () => (await exit)[0],
  };
}

/** The status of an answer; 0 when there is none. */
export const status = (url: string): Promise<number> =>
  fetch(url).then(
    (response) => response.status,
    () => 0,
  );

/** Ends what a test left running: the server, then its database. */
export async function endAll(home: string, servers: readonly ServerProcess[]): Promise<void> {
  for (const server of servers) {
    server.process.kill("SIGKILL");
    await server.ended();
  }
  const pid = await postmasterOf(home);
  if (pid === undefined || !isRunning(pid)) return;
  process.kill(pid, "SIGQUIT");
  await until(() => !existsSync(join(home, "postgres", "postmaster.pid")));
}
