import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConversationId, UserId } from "../../../crypto/wire/ids.ts";
import { tenantSlug } from "../../demo/backend/open-backend.ts";
import { runCommand, type CommandResult } from "./cli.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** A records archiver with a home of its own, which the deployer runs as `sealdesk archiver`. */
export class Archiver {
  readonly home: string;
  readonly user: UserId;
  readonly #run: readonly string[];
  readonly #lines: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(home: string, user: UserId, run: readonly string[]) {
    this.home = home;
    this.user = user;
    this.#run = run;
  }

  /** Makes its account. @param ground the law that obliges the deployer to keep records */
  static async make(stage: Stage, ground: string): Promise<Archiver> {
    const home = stage.system.outside("archiver");
    const { user, username, password } = await stage.system.people.newAgent("Records", "archiver");
    await mkdir(home, { recursive: true });
    const passwordFile = join(home, "password");
    await writeFile(passwordFile, password, { mode: 0o600 });
    const account = ["--tenant", tenantSlug, "--username", username];
    const secret = ["--password-file", passwordFile, "--ground", ground];
    const run = ["run", "--home", home, "--server", stage.system.url, ...account, ...secret];
    return new Archiver(home, user, run);
  }

  /** Starts it, and waits until it archives. */
  async start(): Promise<void> {
    const main = fileURLToPath(new URL("../../../archiver/main.js", import.meta.url));
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, TMPDIR, NODE_ENV: "development" };
    const child = spawn(process.execPath, [main, ...this.#run], { env, cwd: this.home });
    this.#process = child;
    const before = this.#lines.length;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#lines.push(...text.split("\n").filter(Boolean));
      });
    await until("The start of the archiver", async () => this.#lines[before]);
  }

  /** Ends it at once, as a loss of power does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Waits until it has archived the event `seq`. */
  async archived(conversation: ConversationId, seq: number): Promise<void> {
    await until(`The record of event ${seq}`, async () =>
      this.#lines.find((line) => line.startsWith(conversation) && line.endsWith(`up to ${seq}.`)),
    );
  }

  /** Runs `sealdesk archiver` on its home. */
  command(...args: readonly string[]): Promise<CommandResult> {
    return runCommand(this.home, ["archiver", ...args, "--home", this.home], {});
  }
}
