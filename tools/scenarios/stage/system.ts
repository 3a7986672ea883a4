import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { findPostmaster } from "../../../db/embedded/postmaster.ts";
import { run } from "../../../db/embedded/run.ts";
import { createPool } from "../../../db/pool.ts";
import { createLogin, grantServerRoles } from "../../../db/server-login.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import type { KmsSettings } from "../../../keys/kms/kms-settings.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { DEMO_TENANT } from "../../testkit/demo-tenant.ts";
import { People } from "../../testkit/people.ts";
import {
  freePort,
  serverLogTail,
  spawnServer,
  stopServer,
  untilReady,
  type ServerSettings,
} from "../../testkit/server-process.ts";
import { until } from "./until.ts";

/** A key service outside the server. */
export interface KeyService {
  /** The server's variables for it. */
  readonly variables: ServerSettings;
  /** The same for somebody who has all that the server has. */
  settings(home: string): KmsSettings;
}

/** What stands while a server runs. */
interface Running {
  /** Undefined if only the database runs. */
  readonly process?: ChildProcess;
  readonly ownerUrl: string;
  readonly administrator: pg.Client;
  readonly people: People;
  readonly leave: () => Promise<void>;
}

/** A server in a folder of its own. It can be stopped, killed, and put back to an older copy of its data. */
export class System {
  /** The folder of the devices' stores and of the copies. The server does not know it. */
  readonly #outside: string;
  readonly #port: number;
  readonly #keyService: KeyService | undefined;
  /** SEALDESK_HOME. */
  readonly home: string;
  #running: Running | undefined;

  private constructor(
    folders: { readonly home: string; readonly outside: string },
    port: number,
    keyService: KeyService | undefined,
  ) {
    this.home = folders.home;
    this.#outside = folders.outside;
    this.#port = port;
    this.#keyService = keyService;
  }

  /** Makes the folders. It starts nothing. */
  static async make(keyService?: KeyService): Promise<System> {
    const [home, outside] = [
      await mkdtemp(join(tmpdir(), "sealdesk-scenario-")),
      await mkdtemp(join(tmpdir(), "sealdesk-scenario-devices-")),
    ];
    // The database's own user must be able to reach its folder.
    await chmod(home, 0o755);
    return new System({ home, outside }, await freePort(), keyService);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get devicesFolder(): string {
    return join(this.#outside, "devices");
  }

  /** A path where the server keeps nothing. */
  outside(name: string): string {
    return join(this.#outside, name);
  }

  /** The database as its administrator sees it. */
  get administrator(): pg.Client {
    return this.#here.administrator;
  }

  /** The login of that administrator. */
  get ownerUrl(): string {
    return this.#here.ownerUrl;
  }

  get people(): People {
    return this.#here.people;
  }

  get #here(): Running {
    if (this.#running === undefined) throw new Error("The server does not run.");
    return this.#running;
  }

  /** The variables of every command of the operator. */
  get variables(): ServerSettings {
    return { PUBLIC_URL: this.url, PORT: String(this.#port), ...this.#keyService?.variables };
  }

  /** Starts the server, and waits until it is ready. @throws Error with the end of its output */
  async start(settings: ServerSettings = {}): Promise<void> {
    const variables = { ...this.#keyService?.variables, ...settings };
    const server = await spawnServer(this.home, this.#port, variables);
    try {
      await untilReady(server, this.url);
      this.#running = { process: server, ...(await this.#lookInto()) };
    } catch (cause) {
      server.kill("SIGKILL");
      throw new Error(`The server did not start.\n${await serverLogTail(this.home)}`, { cause });
    }
  }

  /** Starts another node with a login of its own on the same database. No device connects to it. The caller stops it. */
  async startAnother(settings: ServerSettings = {}): Promise<ChildProcess> {
    const port = await freePort();
    const { ownerUrl } = this;
    const login = new URL(ownerUrl);
    login.username = "another_node";
    login.password = randomBytes(24).toString("base64url");
    await createLogin(ownerUrl, login.username, login.password);
    await grantServerRoles(ownerUrl, login.username);
    const variables = {
      ...this.#keyService?.variables,
      DATABASE_URL: login.href,
      DATABASE_OWNER_URL: ownerUrl,
      PUBLIC_URL: this.url,
      ...settings,
    };
    const node = await spawnServer(this.home, port, variables);
    try {
      await untilReady(node, `http://127.0.0.1:${port}`);
      return node;
    } catch (cause) {
      node.kill("SIGKILL");
      throw new Error(`Another node did not start.\n${await serverLogTail(this.home)}`, { cause });
    }
  }

  /** Stops the server and its database. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.leave();
    if (running.process !== undefined) await stopServer(running.process);
    else await (await startEmbeddedPostgres(this.#cluster)).stop();
  }

  /** Starts the database without a server, as somebody does who has a copy of the data. */
  async startDatabase(): Promise<void> {
    this.#running = await this.#lookInto();
  }

  /**
   * Starts the server although it may refuse, and ends it again.
   * @param isFinal whether to take an answer of `/readyz`; otherwise it is asked again
   * @returns the answer, or the end of its output if it ended by itself
   */
  async tryToStart(
    settings: ServerSettings = {},
    isFinal: (answer: string) => boolean = () => true,
  ): Promise<string> {
    const variables = { ...this.#keyService?.variables, ...settings };
    const server = await spawnServer(this.home, this.#port, variables);
    const ended = once(server, "exit");
    const answer = await until("The server answering or ending", async () => {
      if (server.exitCode !== null) return serverLogTail(this.home);
      const answered = await fetch(`${this.url}/readyz`).then(
        (response) => response.text(),
        () => undefined,
      );
      return answered !== undefined && isFinal(answered) ? answered : undefined;
    });
    if (server.exitCode === null) await stopServer(server).catch(() => undefined);
    await ended;
    return answer;
  }

  /** Ends the server as `kill -9` does. Its database runs on, as after a crash of the server. */
  async kill(): Promise<void> {
    const { process: server, leave } = this.#here;
    this.#running = undefined;
    if (server !== undefined) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    }
    await leave();
  }

  /** Opens what is stored with everything that the server has now. The caller closes it. */
  async atRest(): Promise<AtRest> {
    const { ownerUrl } = await startEmbeddedPostgres(this.#cluster);
    return AtRest.open(this.home, ownerUrl, this.#keyService?.settings(this.home));
  }

  /** Copies the data folder of database and keystore. The server must be stopped. */
  async backUp(): Promise<void> {
    await copyFolder(this.#cluster, this.outside("backup"));
  }

  /** Puts the copy back. The server must be stopped. */
  async putBack(): Promise<void> {
    await rm(this.#cluster, { recursive: true });
    await copyFolder(this.outside("backup"), this.#cluster);
  }

  /** Stops everything and removes the folders. */
  async discard(): Promise<void> {
    try {
      if (this.#running !== undefined) await this.kill();
      if ((await findPostmaster(this.#cluster)) !== undefined)
        await (await startEmbeddedPostgres(this.#cluster)).stop();
    } finally {
      for (const folder of [this.home, this.#outside])
        await rm(folder, { recursive: true, force: true });
    }
  }

  get #cluster(): string {
    return join(this.home, "postgres");
  }

  async #lookInto(): Promise<Running> {
    await mkdir(this.devicesFolder, { recursive: true });
    // It already runs. This call gets its address and does not control its life.
    const { ownerUrl } = await startEmbeddedPostgres(this.#cluster);
    const administrator = new pg.Client({ connectionString: ownerUrl });
    administrator.on("error", () => undefined);
    await administrator.connect();
    const pool = createPool(ownerUrl, { max: 1 });
    const atRest = await this.atRest();
    const tenant = await findTenant(pool, DEMO_TENANT);
    if (tenant === undefined) throw new Error("The server made no development tenant.");
    const { home, url: publicUrl } = this;
    const { profiles } = atRest;
    const people = await People.open({ home, ownerUrl, tenant, profiles, publicUrl });
    const leave = async () => {
      await Promise.allSettled([administrator.end(), pool.end(), atRest.close()]);
    };
    return { ownerUrl, administrator, people, leave };
  }
}

/** Copies a folder with the owners of its files, which the database demands. */
async function copyFolder(from: string, to: string): Promise<void> {
  await run("cp", ["-a", from, to]);
}
