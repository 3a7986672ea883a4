import { randomUUID } from "node:crypto";
import { openDevelopmentKey, signCustomerToken } from "../../identity/tokens/development-key.ts";
import type { Credentials, SecurityEvent } from "../../client/index.ts";
import { connect, type Member } from "./member.ts";
import { RestorableServer, type Declared } from "./restorable-server.ts";
import type { TestServer } from "./server.ts";
import { until } from "./until.ts";

/** A server that can be put back to a backup, and real devices that know who approves a restore. */
export class RestorableSystem {
  readonly server: RestorableServer;
  readonly #eventsOf = new Map<Member, SecurityEvent[]>();

  private constructor(server: RestorableServer) {
    this.server = server;
  }

  static async make(): Promise<RestorableSystem> {
    const system = new RestorableSystem(await RestorableServer.make());
    await system.started();
    return system;
  }

  /** Starts the server, and resolves when it is ready. */
  async started(): Promise<void> {
    this.server.start();
    await until(async () => (await this.server.readyz()).includes('"ok"'));
  }

  async staff(username: string): Promise<Member> {
    const password = await this.server.passwordOf(username);
    return this.#connected({ grant: "password", tenant: "demo", username, password });
  }

  async customer(): Promise<Member> {
    const subject = randomUUID();
    const token = async () =>
      signCustomerToken(await openDevelopmentKey(this.server.home), {
        tenant: "demo",
        subject,
        audience: this.server.url,
        nowMs: Date.now(),
      });
    return this.#connected({ grant: "customer_token", tenant: "demo", token });
  }

  async #connected(credentials: Credentials): Promise<Member> {
    const restoreApprovers = this.server.approvers.split(",");
    return this.watched(
      await connect(this.server as unknown as TestServer, credentials, { restoreApprovers }),
    );
  }

  /** Records the security events of the device from now on. */
  watched(member: Member): Member {
    const events: SecurityEvent[] = [];
    this.#eventsOf.set(member, events);
    member.sealdesk.on("security", (event) => events.push(event));
    return member;
  }

  /** Starts the device again from its disk. */
  async restarted(member: Member): Promise<Member> {
    return this.watched(await member.restart());
  }

  /** Starts the device again as one that does not know who approves a restore. */
  async restartedUnaware({ sealdesk, credentials, level, key }: Member): Promise<Member> {
    await sealdesk.close();
    const server = this.server as unknown as TestServer;
    return this.watched(await connect(server, credentials, { level }, key));
  }

  eventsOf(member: Member): readonly SecurityEvent[] {
    return this.#eventsOf.get(member) ?? [];
  }

  codesOf(member: Member): readonly SecurityEvent["code"][] {
    return this.eventsOf(member).map(({ code }) => code);
  }

  /** Stops the server and makes a backup. */
  async backUp(): Promise<void> {
    await this.server.stop();
    this.server.backUp();
    await this.started();
  }

  /** Puts the backup back, as two people approve, and starts the server. */
  async restore(file: string, declared?: Declared): Promise<void> {
    await this.server.stop();
    await this.server.putBack();
    this.server.declareAndApply(file, declared);
    await this.started();
  }

  async close(): Promise<void> {
    for (const { sealdesk } of this.#eventsOf.keys()) await sealdesk.close().catch(() => undefined);
    await this.server.remove();
  }
}
