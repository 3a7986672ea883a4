import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeChecks } from "../../audit/node-checks.ts";
import { createApproverKey, parseApproverKey } from "../../audit/restore/approver-key.ts";
import { formatVkey } from "../../audit/verify/note.ts";
import { freePort } from "../../tools/testkit/server-process.ts";
import { endAll, spawnServer, temporaryHome, type ServerProcess } from "./server-process.ts";

// The built command line, as it is installed.
const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The time of the backup, as the operator declares it. */
export const BACKUP_OF = "2026-01-02T03:04:05.000Z";
export const REASON = "The disk died";

export interface Declared {
  readonly backupOf?: string;
  readonly aheadMs?: number;
}

interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Arguments of Node before the program. */
  readonly node?: readonly string[];
}

/** A real server on a real PostgreSQL, whose data folder can be copied and put back. */
export class RestorableServer {
  readonly #folder: Awaited<ReturnType<typeof temporaryHome>>;
  readonly #port: number;
  #server: ServerProcess | undefined;
  approvers = "";

  private constructor(folder: Awaited<ReturnType<typeof temporaryHome>>, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  /** Three approvers have keys: alice, bob and carol. */
  static async make(): Promise<RestorableServer> {
    const made = new RestorableServer(await temporaryHome(), await freePort());
    const keys = ["alice", "bob", "carol"].map((name) => made.#writeKey(name));
    made.approvers = (await Promise.all(keys)).join(",");
    return made;
  }

  /** Another one with the same data. Both must be stopped. */
  async copy(): Promise<RestorableServer> {
    const copied = new RestorableServer(await temporaryHome(), await freePort());
    spawnSync("cp", ["-a", `${this.at(".")}/.`, copied.at(".")]);
    copied.approvers = this.approvers;
    return copied;
  }

  get home(): string {
    return this.#folder.home;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A path beside SEALDESK_HOME. */
  at(name: string): string {
    return join(this.home, "..", name);
  }

  /** Starts the server. It may refuse to be ready. */
  start(environment: Readonly<Record<string, string>> = {}): void {
    this.#server = spawnServer(this.home, {
      port: this.#port,
      environment: { AUDIT_RESTORE_APPROVERS: this.approvers, ...environment },
    });
  }

  async stop(): Promise<void> {
    this.#server?.process.kill("SIGTERM");
    await this.#server?.ended();
    this.#server = undefined;
  }

  /** Ends the server without warning. Its database runs on, as after a crash of the server. */
  async kill(): Promise<void> {
    this.#server?.process.kill("SIGKILL");
    await this.#server?.ended();
    this.#server = undefined;
  }

  readyz(): Promise<string> {
    return fetch(`${this.url}/readyz`).then(
      (answer) => answer.text(),
      () => "",
    );
  }

  /** The generated password of a sample account of the tenant `demo`. */
  async passwordOf(username: string): Promise<string> {
    const file = await readFile(join(this.home, "development", "passwords.json"), "utf8");
    return (JSON.parse(file) as Record<string, string>)[username] ?? "";
  }

  backUp(): void {
    spawnSync("cp", ["-a", join(this.home, "postgres"), this.at("backup")]);
  }

  async putBack(): Promise<void> {
    await rm(join(this.home, "postgres"), { recursive: true });
    spawnSync("cp", ["-a", this.at("backup"), join(this.home, "postgres")]);
  }

  /** Copies the checkpoints that are kept outside the database. The server must be stopped. */
  async backUpCheckpoints(): Promise<void> {
    await rm(this.at("backup-checkpoints"), { recursive: true, force: true });
    spawnSync("cp", ["-a", join(this.home, "audit-checkpoints"), this.at("backup-checkpoints")]);
  }

  /** Puts the older checkpoints back, as docs/audit.md forbids. */
  async putBackCheckpoints(): Promise<void> {
    await rm(join(this.home, "audit-checkpoints"), { recursive: true });
    spawnSync("cp", ["-a", this.at("backup-checkpoints"), join(this.home, "audit-checkpoints")]);
  }

  run(args: readonly string[], { environment = {}, node = [] }: RunOptions = {}) {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [...node, command, ...args],
      {
        cwd: tmpdir(),
        encoding: "utf8",
        env: {
          PATH: process.env["PATH"],
          SEALDESK_HOME: this.home,
          AUDIT_RESTORE_APPROVERS: this.approvers,
          ...environment,
        },
      },
    );
    return { status: signal ?? status, out: stdout, err: stderr };
  }

  /** Runs a command that must succeed. @returns its output */
  done(...args: string[]): string {
    const { status, out, err } = this.run(args);
    if (status !== 0 || err !== "") throw new Error(`${args.join(" ")}: ${status} ${out}${err}`);
    return out;
  }

  /** Writes what `createKey` writes, without a process of its own. */
  async #writeKey(name: string): Promise<string> {
    const text = createApproverKey(name);
    await writeFile(this.at(`${name}.key`), text, { mode: 0o600 });
    return formatVkey(nodeChecks.sha256, parseApproverKey(text).key);
  }

  /** Makes an approver's key with the command. @returns its verifier key */
  createKey(name: string): string {
    const out = this.at(`${name}.key`);
    return this.done("audit", "restore", "key", "--name", name, "--out", out).trim();
  }

  /** @param aheadMs how far the operator's clock is ahead */
  declare(file: string, { backupOf = BACKUP_OF, aheadMs = 0 }: Declared = {}): string {
    const options = ["--backup-of", backupOf, "--reason", REASON, "--out", this.at(file)];
    const clock = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
    const { status, out, err } = this.run(["audit", "restore", "declare", ...options], {
      node: ["--import", `data:text/javascript,${encodeURIComponent(clock)}`],
    });
    if (status !== 0 || err !== "") throw new Error(`declare: ${status} ${out}${err}`);
    return out;
  }

  sign(file: string, name: string): string {
    const key = this.at(`${name}.key`);
    return this.done("audit", "restore", "sign", this.at(file), "--key", key);
  }

  apply(file: string, options?: RunOptions) {
    return this.run(["audit", "restore", "apply", this.at(file)], options);
  }

  /** Declares a restore as alice and bob would. */
  declareAndApply(file: string, declared?: Declared): void {
    this.declare(file, declared);
    this.sign(file, "alice");
    this.sign(file, "bob");
    const { status, err } = this.apply(file);
    if (status !== 0) throw new Error(err);
  }

  async remove(): Promise<void> {
    await endAll(this.home, this.#server === undefined ? [] : [this.#server]);
    await this.#folder.remove();
  }
}
