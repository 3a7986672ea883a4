import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { LogSigner } from "../logs.ts";
import type { KnownHeads } from "../read/known-heads.ts";
import { Restores } from "../restore/restores.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { NoteKey } from "../verify/note.ts";
import { assertExtends } from "./assert-extends.ts";
import { verifyAgainstOutside, type Outside } from "./verify-against-outside.ts";
import { integrateBatch, MOST_AT_ONCE, type CommittedTree } from "./integrate-batch.ts";
import { assertOrigins } from "./origins.ts";
import { resumeLeadership, tryLead, withIntegratorSession } from "./session.ts";
import { signTrees } from "./sign-trees.ts";
import { signWithNextKey } from "./sign-with-next-key.ts";

export interface IntegratorOptions {
  /** A login that is a member of sealdesk_app. */
  readonly url: string;
  /** A URL without a scheme. The names of new logs begin with it. */
  readonly originPrefix: string;
  readonly signer: LogSigner;
  readonly store: CheckpointStore;
  /**
   * The people who may approve a restore. Two of them must have approved each. If the list is
   * empty, no restore counts.
   */
  readonly approvers?: readonly NoteKey[];
  /** The heads that this node saw. Signed heads are added. */
  readonly heads?: KnownHeads | undefined;
  /** The witnesses that cosign the heads. */
  readonly witnesses?: Witnesses | undefined;
  /** The time between two checks for pending entries. */
  readonly pollMs?: number;
  /** The time between two attempts after a failure or a refusal. */
  readonly retryMs?: number;
  readonly onIntegrated?: (entries: number) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * The time between two signings while more entries wait to be integrated. Signing waits for the
 * disk and for the key service.
 */
const SIGN_EVERY_MS = 250;
const OLDEST = `
  select extract(epoch from clock_timestamp() - since) * 1000 as age_ms
  from audit.pending order by entry limit 1`;

/**
 * Integrates pending entries and signs the trees, on the one node that holds the lock. The lock
 * belongs to the session that writes, so a node that loses it cannot write any more.
 */
export class Integrator {
  readonly #options: IntegratorOptions;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #unsigned = new Map<LogId, CommittedTree>();
  /** The last head of each log that this node wrote since it leads. */
  #written = new Map<LogId, TreeHead>();
  /** The name of each log since this node leads, or since the log began. */
  #origins = new Map<LogId, string>();
  /** The declared restores, as of when this node began to lead. */
  #restores = new Restores([]);
  #refusal: AuditError | undefined;
  /** The contradiction that a witness proved while the log was continued. */
  #contradiction: AuditError | undefined;
  #pendingAgeMs = 0;
  /** The time since which heads have been unsigned, while this node leads. */
  #unsignedSinceMs: number | undefined;
  #signFromMs = 0;
  #signedMs = 0;
  #said: string | undefined;

  constructor(options: IntegratorOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Returns the reason why nothing is signed, or undefined if signing is allowed. */
  get refusal(): AuditError | undefined {
    return this.#refusal;
  }

  /**
   * Returns how long the oldest entry has waited for its place, as of the last check, or for a
   * signed head. Only the leading node knows the second.
   */
  get pendingAgeMs(): number {
    return Math.max(this.#pendingAgeMs, this.unsignedAgeMs);
  }

  /**
   * Returns for how long heads have been without a signature that is stored. It is 0 on a node that
   * does not lead.
   */
  get unsignedAgeMs(): number {
    return this.#unsignedSinceMs === undefined ? 0 : performance.now() - this.#unsignedSinceMs;
  }

  /** Finishes the current batch. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { retryMs = 2_000 } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await withIntegratorSession(this.#options.url, (client) => this.#work(client));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof AuditError) this.#refusal = error;
        this.#say(error);
        await this.#pause(retryMs);
      }
    }
  }

  async #work(client: Client): Promise<void> {
    const { retryMs = 2_000, store, signer, approvers = [], witnesses } = this.#options;
    const outside: Outside = { store, publicKey: signer.publicKey, approvers };
    // This comes first: a failure further down must not hide that entries are pending.
    await this.#observe(client);
    // Every node checks for itself, not only the one that will sign.
    for (let isChecked = false; !(await tryLead(client)); isChecked = true) {
      if (!isChecked) {
        const { restores } = await verifyAgainstOutside(client, outside);
        await this.#assertKnownHeads(client, restores);
        await witnesses?.assertConsistent(client, restores);
      }
      this.#refusal = undefined;
      this.#unsignedSinceMs = undefined;
      await this.#observe(client);
      if (this.#stop.signal.aborted) return;
      await this.#pause(Math.min(retryMs, 500));
    }
    const resumed = await resumeLeadership(client, outside);
    const { unsigned, origins, restores } = resumed;
    await this.#assertKnownHeads(client, restores);
    await witnesses?.assertConsistent(client, restores);
    await signWithNextKey(client, signer, store, resumed);
    this.#restores = restores;
    this.#written.clear();
    this.#origins = new Map(origins);
    this.#unsigned = new Map(unsigned.map((tree) => [tree.log, tree]));
    this.#noteUnsigned();
    this.#contradiction = undefined;
    const leaveWitnesses = witnesses?.keepCosigned(restores, (error) => {
      this.#contradiction = error;
    });
    try {
      await this.#lead(client);
    } finally {
      await leaveWitnesses?.();
    }
  }

  /**
   * Compares the logs with the heads that this node saw. The outside checkpoints may be a minute
   * older.
   */
  async #assertKnownHeads(client: Client, restores: Restores): Promise<void> {
    const { heads } = this.#options;
    heads?.apply(restores);
    for (const [log, head] of heads?.heads ?? []) await assertExtends(client, log, head, restores);
  }

  async #lead(client: Client): Promise<void> {
    const { pollMs = 250 } = this.#options;
    while (!this.#stop.signal.aborted) {
      if (this.#contradiction !== undefined) throw this.#contradiction;
      const taken = await this.#round(client);
      this.#refusal = undefined;
      if (this.#unsigned.size === 0) this.#said = undefined;
      if (taken < MOST_AT_ONCE) await this.#pause(pollMs);
    }
    await this.#round(client);
  }

  /** @returns whether there are pending entries */
  async #observe(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ age_ms: string }>(OLDEST);
    this.#pendingAgeMs = Math.max(0, Number(rows[0]?.age_ms ?? 0));
    return rows.length > 0;
  }

  /**
   * Integrates one batch, then signs every unsigned head.
   * @returns how many entries were integrated
   */
  async #round(client: Client): Promise<number> {
    const taken = (await this.#observe(client)) ? await this.#integrate(client) : 0;
    const isDue = taken < MOST_AT_ONCE || performance.now() >= this.#signedMs + SIGN_EVERY_MS;
    if (this.#unsigned.size > 0 && isDue && performance.now() >= this.#signFromMs)
      await this.#sign(client);
    return taken;
  }

  async #integrate(client: Client): Promise<number> {
    const { originPrefix, onIntegrated } = this.#options;
    const { taken, trees } = await integrateBatch(
      client,
      originPrefix,
      MOST_AT_ONCE,
      this.#written,
    );
    assertOrigins(trees, this.#origins);
    for (const tree of trees) {
      this.#origins.set(tree.log, tree.origin);
      this.#unsigned.set(tree.log, tree);
      this.#written.set(tree.log, tree);
    }
    this.#noteUnsigned();
    onIntegrated?.(taken);
    return taken;
  }

  async #sign(client: Client): Promise<void> {
    const { signer, store, retryMs = 2_000 } = this.#options;
    try {
      const trees = [...this.#unsigned.values()];
      await signTrees(client, signer, store, trees, this.#restores);
      for (const tree of trees) {
        const restores = this.#restores.countOf(tree.origin);
        this.#options.heads?.remember(tree.log, { ...tree, restores });
      }
      this.#unsigned.clear();
      this.#noteUnsigned();
      this.#signedMs = performance.now();
    } catch (error) {
      if (error instanceof AuditError) throw error;
      // Integration continues. The heads are signed when the signer is back.
      this.#signFromMs = performance.now() + retryMs;
      this.#say(error);
    }
  }

  #noteUnsigned(): void {
    if (this.#unsigned.size === 0) this.#unsignedSinceMs = undefined;
    else this.#unsignedSinceMs ??= performance.now();
  }

  /** Reports an error once, not at every attempt. The message may name another file each time. */
  #say(error: unknown): void {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    const kind = String(code ?? message);
    if (kind === this.#said) return;
    this.#said = kind;
    this.#options.onError(error);
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
    });
  }
}
