import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../../../testkit/server-process.ts";
import { PeerError } from "../peer-error.ts";
import type { CpuProbe } from "../probe.ts";
import { ejabberdConfig } from "./config.ts";
import type { EjabberdDatabase } from "./database.ts";
import type { EjabberdInstallation } from "./installation.ts";

export interface Ejabberd {
  readonly url: string;
  readonly probe: CpuProbe;
  close(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 10_000;
/** Ends ejabberd when its starter ends, in any way, because its standard input is then closed. */
const END_WITH_INPUT = `spawn(fun() -> eof = io:get_line(""), halt(0, [{flush, false}]) end).`;

/**
 * Starts ejabberd as its own process in its own folder. Erlang starts as ejabberdctl would start
 * it, but without distribution. So there is no epmd, no cookie and no other user.
 * @throws PeerError peer_failed, with the end of its log
 */
export async function startEjabberd(
  { libraries }: EjabberdInstallation,
  database: EjabberdDatabase,
): Promise<Ejabberd> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-ejabberd-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(home, "ejabberd.yml");
  const log = join(home, "ejabberd.log");
  await writeFile(config, ejabberdConfig(port, database), { mode: 0o600 });
  const child = spawnErlang(home, {
    ERL_LIBS: libraries,
    EJABBERD_CONFIG_PATH: config,
    EJABBERD_LOG_PATH: log,
  });
  const close = async () => {
    await end(child);
    await rm(home, { recursive: true, force: true });
  };
  try {
    await once(child, "spawn");
    await untilAnswering(child, url);
  } catch (cause) {
    const said = await readFile(log, "utf8").catch(() => "");
    await close();
    throw new PeerError("peer_failed", `ejabberd did not start.\n${said.slice(-2_000)}`, { cause });
  }
  return { url, probe: processProbe(child.pid ?? 0), close };
}

function spawnErlang(home: string, environment: Readonly<Record<string, string>>): ChildProcess {
  const flags = "-noshell +K true +P 250000 -mnesia dir".split(" ");
  return spawn("erl", [...flags, JSON.stringify(home), "-eval", END_WITH_INPUT, "-s", "ejabberd"], {
    cwd: home,
    env: { PATH: process.env["PATH"], HOME: home, ERL_CRASH_DUMP_SECONDS: "0", ...environment },
    stdio: ["pipe", "ignore", "ignore"],
  });
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Ends the measured process. The launcher has replaced itself by the emulator. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(late);
}

/** Its socket listens before anything serves it. */
async function untilAnswering(child: ChildProcess, url: string): Promise<void> {
  const deadlineMs = Date.now() + START_MS;
  while (!hasEnded(child) && Date.now() < deadlineMs) {
    if (await fetch(url).then(Boolean, () => false)) return;
    await wait(100);
  }
  throw new Error(hasEnded(child) ? "It ended." : "It does not answer.");
}

/**
 * The positions of user and system time in proc_pid_stat(5), counted from the field after the
 * command's name.
 */
const UTIME = 11;
const STIME = 12;
/** The microseconds of a tick. USER_HZ is 100 on every architecture that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** Asks Linux for the resources that a process other than Node's has used. */
const processProbe = (pid: number): CpuProbe => ({
  async usage() {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name is in parentheses and may contain parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
    return { cpuMicros: ticks * MICROS_PER_TICK };
  },
});
