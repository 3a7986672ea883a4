import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { createTenant } from "../../identity/accounts/create-tenant.ts";
import { createStaff, type StaffRole } from "../../identity/accounts/staff.ts";
import { Secret } from "../../keys/secret.ts";
import {
  openDevelopmentKey,
  publicPart,
  signCustomerToken,
} from "../../identity/tokens/development-key.ts";
import { readConfig, type Config } from "../../server/config.ts";
import { createLog } from "../../server/log.ts";
import { startServer } from "../../server/start.ts";
import type { Timings } from "../../server/timings.ts";
import type { AssuranceLevel } from "../../policies/sign-in-facts.ts";
import { AtRest } from "../../tools/testkit/at-rest.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { newId } from "../../tools/testkit/ids.ts";

export interface TestTenant {
  readonly id: TenantId;
  readonly slug: string;
}

export interface TestStaff {
  readonly id: UserId;
  readonly tenant: string;
  readonly username: string;
  readonly password: string;
}

/** A further server on the same database, keys and public URL. */
export interface TestNode {
  /** Where this node listens. */
  readonly url: string;
  logged(): string;
  close(): Promise<void>;
}

export interface TestServer {
  readonly url: string;
  /** Where it listens itself, when `publicUrl` is that of a proxy. */
  readonly address: string;
  /** Returns the current metrics. The server must have been started with `metrics`. */
  scrape(): Promise<string>;
  readonly database: TestDatabase;
  /** Its SEALDESK_HOME. */
  readonly home: string;
  /** Cuts the server off from its database. @returns a function that lets it in again */
  cutOffDatabase(): Promise<() => Promise<void>>;
  /** The URL with which the server connects to its database. */
  readonly loginUrl: string;
  /** The server's clock; tests move it by `offsetMs`. */
  readonly clock: { offsetMs: number; now(): number };
  /** Made with the server. */
  readonly tenant: TestTenant;
  createTenant(): Promise<TestTenant>;
  createStaff(role: StaffRole, tenant?: TestTenant): Promise<TestStaff>;
  /** A token by which the tenant's backend vouches for `subject`. */
  customerToken(subject: string, tenant?: TestTenant, assurance?: AssuranceLevel): Promise<string>;
  /** Starts another node; stop it before the server. */
  startNode(changes?: Partial<Config>): Promise<TestNode>;
  /** Everything logged so far. */
  logged(): string;
  /** Every audit entry of the tenant so far, oldest first. */
  auditEntries(tenant?: TestTenant): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

const generous = { burst: 10_000, secondsPerFurther: 1 };
const flood = { burst: 1_000_000, perSecond: 1_000_000 };
const messageRates = { device: flood, staffDevice: flood, account: flood, tenant: flood };

/**
 * A whole server on a free port, with a database of its own and one tenant.
 * @param tablespace where the database's files are, if not with the cluster's
 */
export async function startTestServer(
  changes: Partial<Config> = {},
  timings: Partial<Timings> = {},
  tablespace?: string,
): Promise<TestServer> {
  const database = await createTestDatabase(tablespace);
  const home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
  const login = await createLogin(database);
  const clock = {
    offsetMs: 0,
    now(): number {
      return Date.now() + this.offsetMs;
    },
  };
  const config = readConfig({
    NODE_ENV: "test",
    PORT: "0",
    SEALDESK_HOME: home,
    DATABASE_URL: login.url,
    DATABASE_OWNER_URL: database.ownerUrl,
  });
  async function start(settings: Partial<Config>) {
    let logged = "";
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString();
        done();
      },
    });
    const running = await startServer(
      {
        ...config,
        networkSignInLimit: generous,
        anonymousNetworkLimit: generous,
        anonymousTenantLimit: generous,
        signInLimit: generous,
        sessionLimit: generous,
        registrationLimit: generous,
        bundleLimit: generous,
        linkLimit: generous,
        messageRates,
        conversationRates: { customer: flood, tenant: flood },
        openConversations: { perCustomer: 100_000, perMember: 100_000 },
        actRates: { tenant: flood, customer: flood, staff: flood },
        frameRates: {
          frames: flood,
          bytes: { burst: 1e9, perSecond: 1e9 },
          tenantBytes: { burst: 1e9, perSecond: 1e9 },
        },
        ...settings,
      },
      {
        now: () => clock.now(),
        newId,
        log: createLog("debug", stream),
        version: "0.0.0-test",
        // Tests that put the clock forward for another purpose count entries.
        timings: { clockEveryMs: 3_600_000, nodesForgetMs: 0, deviceAnswersMs: 0, ...timings },
      },
    );
    return { running, logged: () => logged };
  }
  const { running: server, logged } = await start(changes);
  const backendKey = await openDevelopmentKey(home);
  const { kms, keystoreUrl } = { ...config, ...changes };
  const atRest = await AtRest.open(home, database.ownerUrl, kms, keystoreUrl?.reveal());

  async function makeTenant(): Promise<TestTenant> {
    const tenant = { id: newId<TenantId>(), slug: `t-${randomBytes(6).toString("hex")}` };
    await createTenant(database.ownerUrl, {
      ...tenant,
      name: "Test",
      customerKeys: { keys: [publicPart(backendKey)] },
      nowMs: clock.now(),
    });
    return tenant;
  }
  const tenant = await makeTenant();

  return {
    url: server.url,
    address: server.address,
    async scrape() {
      if (server.metricsUrl === undefined) throw new Error("this server collects no metrics");
      return (await fetch(server.metricsUrl)).text();
    },
    database,
    home,
    async cutOffDatabase() {
      const name = new URL(login.url).username;
      await database.owner.query(`alter role ${name} nologin`);
      await database.owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1",
        [name],
      );
      return async () => void (await database.owner.query(`alter role ${name} login`));
    },
    loginUrl: login.url,
    clock,
    tenant,
    createTenant: makeTenant,
    async createStaff(role, of = tenant) {
      const staff = {
        id: newId<UserId>(),
        username: `${role}-${randomBytes(4).toString("hex")}`,
        password: randomBytes(12).toString("base64url"),
      };
      await createStaff(database.ownerUrl, atRest.profiles, {
        ...staff,
        tenant: of.id,
        role,
        displayName: `Test ${role}`,
        password: new Secret(staff.password),
        nowMs: clock.now(),
      });
      return { ...staff, tenant: of.slug };
    },
    customerToken: (subject, of = tenant, assurance) =>
      signCustomerToken(backendKey, {
        tenant: of.slug,
        subject,
        audience: server.url,
        assurance,
        nowMs: clock.now(),
      }),
    async startNode(nodeChanges = {}) {
      const node = await start({ ...changes, ...nodeChanges, publicUrl: server.url });
      return {
        url: node.running.address,
        logged: node.logged,
        close: () => node.running.close(),
      };
    },
    logged,
    async auditEntries(of = tenant) {
      const { rows } = await database.owner.query<{ entry: Buffer }>(
        "select entry from audit.entries where tenant = $1 order by id",
        [of.id],
      );
      return rows.map(({ entry }) => JSON.parse(entry.toString()) as Record<string, unknown>);
    },
    async close() {
      await server.close();
      await atRest.close();
      await login.drop();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A login like the server's in production: a member of the two roles and of nothing else. */
async function createLogin(
  database: TestDatabase,
): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `login_${randomUUID().replaceAll("-", "")}`;
  const password = randomBytes(16).toString("hex");
  await database.owner.query(
    `create role ${name} login noinherit password '${password}' in role sealdesk_app, sealdesk_keystore`,
  );
  const url = new URL(database.ownerUrl);
  url.username = name;
  url.password = password;
  return {
    url: url.href,
    async drop() {
      await database.owner.query(`drop role ${name}`);
    },
  };
}
