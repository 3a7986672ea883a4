import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  serverLogTail,
  spawnServer,
  stopServer,
  untilReady,
  type ServerSettings,
} from "../../rig/server-process.ts";

/** Ends that nobody meant after which the relay is left as it is. */
const mostCrashes = 20;

/** One relay after the other, on one port: whatever ends one, the next is started at once. */
export class RelayProcess {
  readonly #home: string;
  readonly #port: number;
  readonly #settings: ServerSettings;
  #present: ChildProcess | undefined;
  #stopping = false;
  #starting: Promise<unknown> = Promise.resolve();
  /** Ends that nobody meant, each with the last lines it said. */
  readonly crashes: string[] = [];

  constructor(home: string, port: number, settings: ServerSettings) {
    this.#home = home;
    this.#port = port;
    this.#settings = settings;
  }

  /** Starts it and waits until it is ready. @throws Error when it ends, or is late */
  async start(): Promise<void> {
    const server = await this.#spawn();
    await untilReady(server, `http://127.0.0.1:${this.#port}`);
  }

  /** As the machine's power would end it; another takes its place. */
  async kill(): Promise<void> {
    await this.#starting;
    const killed = this.#present;
    if (killed === undefined) return;
    this.#present = undefined;
    const ended = once(killed, "exit");
    killed.kill("SIGKILL");
    await ended;
    await this.#spawn();
  }

  /** Holds it still for a time, as a machine that is busy with other things. */
  pause(ms: number): void {
    const paused = this.#present;
    paused?.kill("SIGSTOP");
    setTimeout(() => paused?.kill("SIGCONT"), ms);
  }

  /** Asks it to stop. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#starting;
    if (this.#present === undefined) return;
    this.#present.kill("SIGCONT");
    await stopServer(this.#present);
  }

  #spawn(): Promise<ChildProcess> {
    const starting = spawnServer(this.#home, this.#port, this.#settings).then((server) => {
      this.#present = server;
      server.once("exit", (code, signal) => void this.#onExit(server, String(signal ?? code)));
      return server;
    });
    this.#starting = starting;
    return starting;
  }

  async #onExit(server: ChildProcess, how: string): Promise<void> {
    if (this.#stopping || server !== this.#present) return;
    this.#present = undefined;
    this.crashes.push(`the relay ended by itself (${how}): ${await serverLogTail(this.#home)}`);
    if (this.crashes.length < mostCrashes) await this.#spawn();
  }
}
