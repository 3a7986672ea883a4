import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  serverLogTail,
  spawnServer,
  stopServer,
  untilReady,
  type ServerSettings,
} from "../../testkit/server-process.ts";

/** Ends in a row that nobody meant after which the relay is left as it is. */
const mostEnds = 20;
/** What a server exits with that could not start, for example for want of its database. */
const couldNotStart = 1;

/**
 * One relay after the other, on one port: whatever ends one, the next is started at once, as a
 * supervisor would.
 */
export class RelayProcess {
  readonly #home: string;
  readonly #port: number;
  readonly #settings: ServerSettings;
  #present: ChildProcess | undefined;
  #stopping = false;
  #starting: Promise<unknown> = Promise.resolve();
  #ends = 0;
  /** Ends that nobody meant of relays that had started, each with the last lines it said. */
  readonly crashes: string[] = [];

  constructor(home: string, port: number, settings: ServerSettings) {
    this.#home = home;
    this.#port = port;
    this.#settings = settings;
  }

  /** Starts it and waits until it is ready. @throws Error when it ends, or is late */
  async start(): Promise<void> {
    await untilReady(await this.#spawn(), this.#url);
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
      let hasStarted = false;
      untilReady(server, this.#url).then(
        () => {
          hasStarted = true;
          this.#ends = 0;
        },
        () => undefined,
      );
      server.once("exit", (code, signal) => {
        const crashed = hasStarted || code !== couldNotStart;
        void this.#onExit(server, crashed ? String(signal ?? code) : undefined);
      });
      return server;
    });
    this.#starting = starting;
    return starting;
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** @param crash how it ended; undefined when it could not start */
  async #onExit(server: ChildProcess, crash: string | undefined): Promise<void> {
    if (this.#stopping || server !== this.#present) return;
    this.#present = undefined;
    if (crash !== undefined)
      this.crashes.push(`the relay ended by itself (${crash}): ${await serverLogTail(this.#home)}`);
    if (++this.#ends < mostEnds) await this.#spawn();
  }
}
