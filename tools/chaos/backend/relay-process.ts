import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  serverLogTail,
  spawnServer,
  stopServer,
  untilReady,
  type ServerSettings,
} from "../../testkit/server-process.ts";

/** After this many unintended ends in a row the relay is not restarted. */
const mostEnds = 20;
/** The exit code of a server that could not start, for example without its database. */
const couldNotStart = 1;

/**
 * One relay after another on one port. If one ends in any way, the next starts at once, as a
 * supervisor would start it.
 */
export class RelayProcess {
  readonly #home: string;
  readonly #port: number;
  readonly #settings: ServerSettings;
  #present: ChildProcess | undefined;
  #stopping = false;
  #starting: Promise<unknown> = Promise.resolve();
  #ends = 0;
  /** Unintended ends of relays that had started, each with the last lines of the log. */
  readonly crashes: string[] = [];

  constructor(home: string, port: number, settings: ServerSettings) {
    this.#home = home;
    this.#port = port;
    this.#settings = settings;
  }

  /**
   * Starts a relay and waits until it is ready.
   * @throws Error if it ends or is late
   */
  async start(): Promise<void> {
    await untilReady(await this.#spawn(), this.#url);
  }

  /** Kills the relay like a power failure. Another takes its place. */
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

  /** Suspends the relay for a time, like a machine that is busy with other things. */
  pause(ms: number): void {
    const paused = this.#present;
    paused?.kill("SIGSTOP");
    setTimeout(() => paused?.kill("SIGCONT"), ms);
  }

  /** Asks the relay to stop. */
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

  /** @param crash how it ended; undefined if it could not start */
  async #onExit(server: ChildProcess, crash: string | undefined): Promise<void> {
    if (this.#stopping || server !== this.#present) return;
    this.#present = undefined;
    if (crash !== undefined)
      this.crashes.push(`the relay ended by itself (${crash}): ${await serverLogTail(this.#home)}`);
    if (++this.#ends < mostEnds) await this.#spawn();
  }
}
