import { setTimeout as wait } from "node:timers/promises";
import { type ClusterClaim, claimCluster } from "../claim-cluster.ts";
import { DatabaseError, sqlState } from "../database-error.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../embedded-postgres.ts";

/** Attempts to start again, in a row, and the pauses before them, in milliseconds. */
export interface RestartPolicy {
  readonly attempts: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** A database that ran for so long has not failed in a row. */
  readonly steadyMs: number;
}

/** Gives up after about 25 seconds. */
const usualPolicy: RestartPolicy = {
  attempts: 8,
  firstMs: 100,
  mostMs: 10_000,
  steadyMs: 60_000,
};

interface SupervisorOptions {
  /** It ended, or its connections were cut; it is started again. Called once per outage. */
  readonly onLost: () => void;
  /** It runs again, at the same address. */
  readonly onRestarted: (attempts: number) => void;
  /** It could not be started again. Nothing more is tried. */
  readonly onGivenUp: (error: DatabaseError) => void;
  readonly policy?: RestartPolicy;
}

export interface SupervisedPostgres {
  /** Login that owns everything. The same after a restart. */
  readonly ownerUrl: string;
  /** Also ends a restart that is under way. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL, claims it, and starts it again with exponential back-off whenever
 * it ends without having been stopped. The claim's session tells: it ends with the postmaster.
 * @throws DatabaseError embedded_unavailable; cluster_in_use when another process has claimed it.
 */
export async function supervisePostgres(
  directory: string,
  options: SupervisorOptions,
): Promise<SupervisedPostgres> {
  const cluster = await startEmbeddedPostgres(directory);
  const supervisor = new Supervisor(directory, cluster, options);
  await supervisor.claim();
  return supervisor;
}

class Supervisor implements SupervisedPostgres {
  readonly #directory: string;
  readonly #cluster: EmbeddedPostgres;
  readonly #options: SupervisorOptions;
  readonly #policy: RestartPolicy;
  readonly #stopping = new AbortController();
  #claim: ClusterClaim | undefined;
  #restart: Promise<void> | undefined;
  #failures = 0;
  #claimedMs = 0;

  constructor(directory: string, cluster: EmbeddedPostgres, options: SupervisorOptions) {
    this.#directory = directory;
    this.#cluster = cluster;
    this.#options = options;
    this.#policy = options.policy ?? usualPolicy;
  }

  get ownerUrl(): string {
    return this.#cluster.ownerUrl;
  }

  async claim(): Promise<void> {
    const claim = await claimWhenRecovered(
      this.ownerUrl,
      () => this.#lost(),
      this.#stopping.signal,
    );
    if (claim === undefined)
      throw new DatabaseError(
        "cluster_in_use",
        "SEALDESK_HOME is in use by another running server; stop it or choose another folder.",
      );
    this.#claim = claim;
    this.#claimedMs = performance.now();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#restart;
    await this.#claim?.release().catch(() => undefined);
    await this.#cluster.stop();
  }

  #lost(): void {
    this.#claim = undefined;
    if (this.#stopping.signal.aborted) return;
    if (performance.now() - this.#claimedMs > this.#policy.steadyMs) this.#failures = 0;
    this.#options.onLost();
    this.#restart = this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    const { attempts, firstMs, mostMs } = this.#policy;
    const { signal } = this.#stopping;
    const { port } = new URL(this.ownerUrl);
    let cause: unknown;
    for (let attempt = 1; this.#failures < attempts; attempt++) {
      const pauseMs = Math.min(mostMs, firstMs * 2 ** this.#failures++);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await startEmbeddedPostgres(this.#directory, { port });
        await this.claim();
        this.#options.onRestarted(attempt);
        return;
      } catch (error) {
        cause = error;
      }
    }
    this.#options.onGivenUp(
      new DatabaseError(
        "embedded_unavailable",
        `The embedded database ended and could not be restarted in ${attempts} attempts. ${this.#directory}/server.log says why.`,
        { cause },
      ),
    );
  }
}

/**
 * The longest time for a living postmaster to recover, and the pause between two attempts, in
 * milliseconds.
 */
const RECOVERY_MS = 60_000;
const RETRY_MS = 50;
/** SQLSTATE while PostgreSQL starts, recovers or stops. */
const CANNOT_CONNECT_NOW = "57P03";

/**
 * Claims the cluster after it has recovered. After a crash of a backend, the postmaster lives on
 * and refuses connections until then.
 * @param ownerUrl the login that owns the cluster
 * @param onLost called when the claim ends without having been released
 * @param stopping after it aborts, a refused connection is not tried again
 * @returns undefined if another process has claimed the cluster
 */
async function claimWhenRecovered(
  ownerUrl: string,
  onLost: () => void,
  stopping: AbortSignal,
): Promise<ClusterClaim | undefined> {
  for (const endMs = performance.now() + RECOVERY_MS; ; await wait(RETRY_MS))
    try {
      return await claimCluster(ownerUrl, onLost);
    } catch (error) {
      const recovers = sqlState(error) === CANNOT_CONNECT_NOW;
      if (!recovers || stopping.aborted || performance.now() > endMs) throw error;
    }
}
