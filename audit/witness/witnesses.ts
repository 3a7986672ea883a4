import type { Client } from "../../db/pool.ts";
import { keepDoing } from "../../db/keep-doing.ts";
import { AuditError } from "../audit-error.ts";
import { checkLog } from "../integrate/check-outside.ts";
import { withIntegratorSession } from "../integrate/session.ts";
import type { LogId } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { tileRows } from "../read/tile-rows.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { KEY_TYPES } from "../verify/note.ts";
import { askWitness, type Witness } from "./ask-witness.ts";
import { keepCosignature, uncosignedHeads, type UncosignedHead } from "./cosigned-heads.ts";
import { seenByWitness } from "./seen-by-witness.ts";
import { WitnessError, type WitnessErrorCode } from "./witness-error.ts";

export interface WitnessesOptions {
  /** A login that is a member of sealdesk_app. */
  readonly url: string;
  readonly witnesses: readonly Witness[];
  /** Of what signs the logs: Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Between two looks for heads that a witness has not cosigned. */
  readonly everyMs?: number;
  /** How long all witnesses together may keep a node from signing when it begins. */
  readonly startMs?: number;
  readonly onCosigned?: (witness: string) => void;
  /** Each time that a head was not cosigned. */
  readonly onFailure?: (witness: string, code: WitnessErrorCode) => void;
  /** What an operator should know, once: not again before it went well. */
  readonly onTrouble?: (error: unknown, where: { witness: string; origin?: string }) => void;
}

/** A log, by its id and its name. */
type NamedLog = Pick<UncosignedHead, "log" | "origin">;
type SeenHead = NamedLog & { readonly head: Checkpoint };

const LOGS = "select id as log, origin from audit.logs order by id";
const SIZE = "select max(size) as size from audit.checkpoints where log = $1";

/**
 * Has the heads of all logs cosigned, and learns from the witnesses whether the database was put back
 * or forked. A witness's word stops nothing: it must show a head that our own key signed and that the
 * database contradicts. Anything less is told, for else any witness could stop the log.
 */
export class Witnesses {
  readonly #options: WitnessesOptions;
  /** Heads that witnesses showed and the database contradicted: proof, whoever is away now. */
  readonly #proofs = new Map<LogId, SeenHead>();
  readonly #told = new Set<string>();
  readonly #disagreements = new Set<string>();

  constructor(options: WitnessesOptions) {
    this.#options = options;
  }

  /** Of how many logs a witness says, and does not prove, that it saw another history. */
  get disagreements(): number {
    return this.#disagreements.size;
  }

  /**
   * Compares the database with what the witnesses saw, as far as they say it soon: one that is away
   * holds nothing up.
   * @throws AuditError log_behind, log_inconsistent
   */
  async check(client: Client): Promise<void> {
    for (const proof of this.#proofs.values()) await this.#compare(client, proof);
    this.#proofs.clear();
    const { witnesses, startMs = 2_000 } = this.#options;
    const { rows } = await client.query<NamedLog>(LOGS);
    const limit = AbortSignal.timeout(startMs);
    const seen = await Promise.all(witnesses.map((witness) => this.#seenBy(witness, rows, limit)));
    for (const head of seen.flat()) await this.#compare(client, head);
  }

  /**
   * Submits, now and again, each log's newest head to each witness that has not cosigned it. One
   * request a witness at a time; none waits for another witness.
   * @param onContradiction is given the reason when a witness proves that the logs must not go on
   * @returns what ends it
   */
  keepCosigned(onContradiction: (error: AuditError) => void): () => Promise<void> {
    const { url, witnesses, everyMs = 60_000, onTrouble } = this.#options;
    const leave = witnesses.map((witness) =>
      keepDoing(
        (ending) =>
          withIntegratorSession(url, (client) => this.#cosignAll(client, witness, ending)),
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

  async #cosignAll(client: Client, witness: Witness, ending: AbortSignal): Promise<void> {
    for await (const head of uncosignedHeads(client, witness.key.name)) {
      if (ending.aborted) return;
      try {
        await this.#cosign(client, witness, head, ending);
      } catch (error) {
        if (!(error instanceof WitnessError)) throw error;
        if (ending.aborted) return;
        this.#options.onFailure?.(witness.key.name, error.code);
        if (error.code === "disagrees") await this.#ask(client, witness, head, error, ending);
        else this.#tell(error, witness, head);
        // The other logs would be waited for in vain, each for as long.
        if (error.code === "unreachable") return;
      }
    }
  }

  async #cosign(client: Client, witness: Witness, head: UncosignedHead, ending: AbortSignal) {
    const checkpoint = this.#open(head.note, head.origin);
    // Its row may be anyone's: nothing is submitted that was not signed.
    if (checkpoint === undefined)
      throw new WitnessError("refused", `The head of ${head.origin} is not signed by our key.`);
    const tiles = tileRows(client, head.log);
    const rootOver = rangeRoots(nodeChecks.sha256, tiles, checkpoint.size);
    const submitted = { note: head.note, head: checkpoint, rootOver };
    const cosignature = await askWitness(witness, submitted, head.seen, ending);
    await keepCosignature(client, head, cosignature);
    this.#forget(witness, head);
    this.#options.onCosigned?.(witness.key.name);
  }

  /** Asks a witness that says it saw another history to show it. */
  async #ask(
    client: Client,
    witness: Witness,
    { log, origin, size }: UncosignedHead,
    error: WitnessError,
    ending: AbortSignal,
  ): Promise<void> {
    const note = await seenByWitness(witness, origin, ending).catch(() => undefined);
    const head = note === undefined ? undefined : this.#open(note, origin);
    if (head !== undefined) await this.#compare(client, { log, origin, head });
    const { rows } = await client.query<{ size: number }>(SIZE, [log]);
    const { seen = 0 } = error;
    // A larger head was submitted meanwhile, by somebody who archives.
    if (ending.aborted || (seen > size && seen <= (rows[0]?.size ?? 0))) return;
    this.#disagreements.add(placeOf(witness, origin));
    this.#tell(error, witness, { origin });
  }

  async #seenBy(
    witness: Witness,
    logs: readonly NamedLog[],
    limit: AbortSignal,
  ): Promise<SeenHead[]> {
    const seen: SeenHead[] = [];
    try {
      for (const { log, origin } of logs) {
        const note = await seenByWitness(witness, origin, limit);
        const head = note === undefined ? undefined : this.#open(note, origin);
        if (head !== undefined) seen.push({ log, origin, head });
      }
    } catch (error) {
      // Who is away is told of when heads are to be cosigned.
      if (!(error instanceof WitnessError)) throw error;
    }
    return seen;
  }

  /** @throws AuditError log_behind, log_inconsistent */
  async #compare(client: Client, seen: SeenHead): Promise<void> {
    try {
      await checkLog(client, seen.log, seen.head);
    } catch (error) {
      if (error instanceof AuditError) this.#proofs.set(seen.log, seen);
      throw error;
    }
  }

  /** Undefined when it is not by our key, and so proves nothing. */
  #open(note: string, origin: string): Checkpoint | undefined {
    const { publicKey } = this.#options;
    try {
      return openCheckpoint(nodeChecks, note, { name: origin, type: KEY_TYPES.ed25519, publicKey });
    } catch (error) {
      if (error instanceof LogError) return undefined;
      throw error;
    }
  }

  #tell(error: WitnessError, witness: Witness, { origin }: { readonly origin: string }): void {
    const { code } = error;
    // A witness that is away is away for every log.
    const place = placeOf(witness, code === "unreachable" ? "" : origin);
    if (this.#told.has(`${place} ${code}`)) return;
    this.#told.add(`${place} ${code}`);
    this.#options.onTrouble?.(error, { witness: witness.key.name, origin });
  }

  /** It went well: what goes wrong from now on is told again. */
  #forget(witness: Witness, { origin }: NamedLog): void {
    this.#disagreements.delete(placeOf(witness, origin));
    for (const place of [placeOf(witness, origin), placeOf(witness, "")])
      for (const code of codes) this.#told.delete(`${place} ${code}`);
  }
}

const codes: readonly WitnessErrorCode[] = [
  "unreachable",
  "unknown_log",
  "refused",
  "disagrees",
  "wrong_cosignature",
];

/** Neither a witness's name nor a log's has a space. */
const placeOf = ({ key }: Witness, origin: string): string => `${key.name} ${origin}`;
