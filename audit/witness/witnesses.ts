import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import { assertExtends } from "../integrate/assert-extends.ts";
import { withIntegratorSession } from "../integrate/session.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { tileRows } from "../read/tile-rows.ts";
import type { Restores } from "../restore/restores.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { KEY_TYPES, type NoteKey } from "../verify/note.ts";
import { askWitness, type Witness } from "./ask-witness.ts";
import {
  headOfSize,
  keepCosignature,
  uncosignedHeads,
  type UncosignedHead,
} from "./cosigned-heads.ts";
import type { ConfiguredWitness } from "./parse-witness.ts";
import { seenByWitness } from "./seen-by-witness.ts";
import { openHead, seenHeads, type NamedLog, type SeenHead } from "./seen-heads.ts";
import { tellRestores } from "./tell-restores.ts";
import { WitnessError, type WitnessErrorCode } from "./witness-error.ts";

export interface WitnessesOptions {
  /** A login that is a member of sealdesk_app. */
  readonly url: string;
  readonly witnesses: readonly ConfiguredWitness[];
  /** The prefix for the operator's log, if the database does not know one. */
  readonly originPrefix: string;
  /** Stores proofs in a place that the person who restored the database cannot reach. */
  readonly store: Pick<CheckpointStore, "keepProof">;
  /** The key that signs the logs: Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The time between two searches for heads that a witness has not cosigned. */
  readonly everyMs?: number;
  /** The time for which all witnesses together may delay a node's signing at startup. */
  readonly startMs?: number;
  readonly onCosigned?: (witness: string) => void;
  /** Called each time a head was not cosigned. */
  readonly onFailure?: (witness: string, code: WitnessErrorCode) => void;
  /**
   * Called once for each condition that an operator should know. It is not called again until the
   * condition has cleared.
   */
  readonly onTrouble?: (error: unknown, where: { witness: string; origin?: string }) => void;
}

/**
 * The number of searches for which a witness is not asked about a log that it does not know. At the
 * default interval, it is an hour.
 */
const LOOKS_LEFT_OUT = 60;

// The operator's log comes first, even if a restored database has not begun it.
const LOGS = `
  select id as log, origin from audit.logs
  union all select $1, $2 where not exists (select from audit.logs where id = $1)
  order by log`;
const SIZE = "select max(size) as size from audit.checkpoints where log = $1";

/**
 * Has the heads of logs cosigned, and learns from the witnesses whether the database was restored
 * or forked. A witness's word alone stops nothing, or any witness could stop the log. It must show
 * a head that our own key signed and that the database contradicts. Anything less is only reported.
 */
export class Witnesses {
  readonly #options: WitnessesOptions;
  /** Heads that contradict the database and that could not be stored outside yet. */
  readonly #unkept = new Set<SeenHead>();
  /** The log whose head was submitted last, for each witness. */
  readonly #askedLast = new Map<string, LogId>();
  /**
   * The time until which a witness is not asked about a log again, in milliseconds of this process.
   */
  readonly #leftOutUntilMs = new Map<string, number>();
  readonly #told = new Map<string, Set<string>>();
  readonly #disagreements = new Set<string>();

  constructor(options: WitnessesOptions) {
    this.#options = options;
  }

  /**
   * Returns the number of logs for which a witness says, without proof, that it saw another
   * history.
   */
  get disagreements(): number {
    return this.#disagreements.size;
  }

  /**
   * Compares the database with the heads that the witnesses saw, as far as they answer soon. An
   * unreachable witness delays nothing. The operator's log comes first.
   * @param restores the declared ones; what they lost is no contradiction
   * @throws AuditError audit_log_behind, audit_log_inconsistent
   */
  async assertConsistent(client: Client, restores: Restores): Promise<void> {
    await this.#keepProofs();
    const { witnesses, originPrefix, publicKey, startMs = 2_000 } = this.#options;
    const { rows } = await client.query<NamedLog>(LOGS, [
      OPERATOR_LOG,
      `${originPrefix}/audit/operator`,
    ]);
    const limit = AbortSignal.timeout(startMs);
    const seen = await Promise.all(
      witnesses.map((witness) => seenHeads(witness, rows, publicKey, limit)),
    );
    for (const head of seen.flat()) await this.#compare(client, head, restores);
  }

  /**
   * Periodically submits each log's newest head to each witness that gets it and has not cosigned
   * it. Each witness gets one request at a time. No witness waits for another.
   * @param restores the declared ones. A witness that keeps their statements continues after them
   * @param onContradiction called with the reason when a witness proves that the logs must not
   *   continue
   * @returns a function that stops it
   */
  keepCosigned(
    restores: Restores,
    onContradiction: (error: AuditError) => void,
  ): () => Promise<void> {
    const { url, witnesses, everyMs = 60_000, onTrouble } = this.#options;
    const leave = witnesses.map((witness) =>
      runPeriodically(
        (ending) =>
          withIntegratorSession(url, (client) =>
            this.#cosignAll(client, witness, restores, ending),
          ),
        everyMs,
        (error) => {
          if (error instanceof AuditError) onContradiction(error);
          else onTrouble?.(error, { witness: witness.key.name });
        },
      ),
    );
    return async () => {
      await Promise.all(leave.map((end) => end()));
      this.#disagreements.clear();
    };
  }

  async #cosignAll(
    client: Client,
    witness: ConfiguredWitness,
    restores: Restores,
    ending: AbortSignal,
  ): Promise<void> {
    const { everyMs = 60_000 } = this.#options;
    const { name } = witness.key;
    // Starts where the last search ended early. Otherwise the last logs would never have their
    // turn.
    for await (const head of uncosignedHeads(client, witness, this.#askedLast.get(name))) {
      if (ending.aborted) return;
      const place = placeOf(witness, head.origin);
      if (performance.now() < (this.#leftOutUntilMs.get(place) ?? 0)) continue;
      this.#askedLast.set(name, head.log);
      try {
        await this.#cosign(client, witness, head, ending);
      } catch (error) {
        if (!(error instanceof WitnessError)) throw error;
        if (ending.aborted) return;
        this.#options.onFailure?.(name, error.code);
        if (error.code === "disagrees")
          await this.#ask(client, { witness, restores, error, ending }, head);
        else this.#tell(error, witness, head);
        if (error.code === "unknown_log")
          this.#leftOutUntilMs.set(place, performance.now() + LOOKS_LEFT_OUT * everyMs);
        // The other logs would wait in vain too.
        if (error.code === "unreachable") return;
      }
    }
  }

  async #cosign(client: Client, witness: Witness, head: UncosignedHead, ending: AbortSignal) {
    const checkpoint = openHead(head.note, head.origin, this.#options.publicKey);
    // Anybody may have changed the row. Only signed heads are submitted.
    if (checkpoint === undefined)
      throw new WitnessError(
        "not_submitted",
        `The head of ${head.origin} is not signed by our key.`,
      );
    const tiles = tileRows(client, head.log);
    const rootOver = rangeRoots(nodeChecks.sha256, tiles, checkpoint.size);
    const submitted = { note: head.note, head: checkpoint, rootOver };
    const cosignature = await askWitness(witness, submitted, head.seen, ending).catch(
      (cause: unknown) => {
        if (!(cause instanceof LogError)) throw cause;
        const message = `The log ${head.origin} is damaged: ${cause.message}`;
        throw new WitnessError("not_submitted", message, { cause });
      },
    );
    await keepCosignature(client, head, cosignature);
    this.#forget(witness, head);
    this.#options.onCosigned?.(witness.key.name);
  }

  /** Asks a witness that says it saw another history to show it. */
  async #ask(
    client: Client,
    { witness, restores, error, ending }: Disagreement,
    asked: UncosignedHead,
  ): Promise<void> {
    const { log, origin, size } = asked;
    const note = (await seenByWitness(witness, origin, ending).catch(() => undefined)) ?? "";
    const head = openHead(note, origin, this.#options.publicKey);
    if (head !== undefined) await this.#compare(client, { log, origin, head, note }, restores);
    const refused = await this.#tellAndRepeat(client, { witness, restores, error, ending }, asked);
    if (refused === undefined) return;
    const { rows } = await client.query<{ size: number | null }>(SIZE, [log]);
    const { seen = 0 } = refused;
    // Somebody who archives the log submitted a larger head meanwhile.
    if (ending.aborted || (seen > size && seen <= (rows[0]?.size ?? 0))) return;
    this.#disagreements.add(placeOf(witness, origin));
    this.#tell(refused, witness, { origin });
  }

  /**
   * Shows a witness the statements about the log's restores, if there are any. Then it submits the
   * heads from which the log continued, because the witness may have seen less, and the head once more.
   * @returns why it still does not cosign; undefined if it does
   */
  async #tellAndRepeat(
    client: Client,
    { witness, error, ending }: Disagreement,
    head: UncosignedHead,
  ): Promise<WitnessError | undefined> {
    const { publicKey } = this.#options;
    const key: NoteKey = { name: head.origin, type: KEY_TYPES.ed25519, publicKey };
    try {
      const kept = await tellRestores(client, witness, key, ending);
      if (kept.length === 0) return error;
      for (const { continues } of kept) {
        const before = await headOfSize(client, head.log, continues.size);
        if (before !== undefined)
          await this.#cosign(client, witness, before, ending).catch(unlessWitnessError);
      }
      await this.#cosign(client, witness, head, ending);
      return undefined;
    } catch (cause) {
      if (cause instanceof WitnessError) return cause.code === "disagrees" ? cause : error;
      throw cause;
    }
  }

  /**
   * Stores, outside the database, a head that contradicts the database. Every node looks there
   * before it signs, even when the witness is unreachable.
   * @throws AuditError audit_log_behind, audit_log_inconsistent
   */
  async #compare(client: Client, seen: SeenHead, restores: Restores): Promise<void> {
    try {
      await assertExtends(client, seen.log, seen.head, restores);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      this.#unkept.add(seen);
      // A proof that cannot be stored now is stored before this node signs anything more.
      await this.#keepProofs().catch(() => undefined);
      throw error;
    }
  }

  async #keepProofs(): Promise<void> {
    for (const proof of this.#unkept) {
      await this.#options.store.keepProof(proof.log, proof.note);
      this.#unkept.delete(proof);
    }
  }

  #tell(error: WitnessError, witness: Witness, { origin }: { readonly origin: string }): void {
    const { code } = error;
    // An unreachable witness is unreachable for every log.
    const place = placeOf(witness, code === "unreachable" ? "" : origin);
    const told = this.#told.get(place) ?? new Set();
    if (told.has(code)) return;
    this.#told.set(place, told.add(code));
    this.#options.onTrouble?.(error, { witness: witness.key.name, origin });
  }

  /** The submission succeeded. Later problems are reported again. */
  #forget(witness: Witness, { origin }: NamedLog): void {
    this.#disagreements.delete(placeOf(witness, origin));
    for (const place of [placeOf(witness, origin), placeOf(witness, "")]) this.#told.delete(place);
  }
}

interface Disagreement {
  readonly witness: Witness;
  readonly restores: Restores;
  readonly error: WitnessError;
  readonly ending: AbortSignal;
}

/**
 * Ignores a WitnessError. A witness that saw more refuses a head, and others must be submitted
 * first.
 */
function unlessWitnessError(error: unknown): void {
  if (!(error instanceof WitnessError)) throw error;
}

/** A space separates the names, because neither name contains one. */
const placeOf = ({ key }: Witness, origin: string): string => `${key.name} ${origin}`;
