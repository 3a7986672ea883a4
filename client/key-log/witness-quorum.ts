import { approverName } from "../../audit/verify/approvers.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import type { Note } from "../../audit/verify/note.ts";
import { assertQuorum, quorumOf, type WitnessPolicy } from "../../audit/verify/witness-policy.ts";
import { SealdeskError } from "../errors.ts";
import type { AskedWitnesses } from "../http/key-log-api.ts";
import type { KeyLogWitnesses } from "../options.ts";
import type { Clock } from "../runtime.ts";
import { deviceChecks } from "./checks.ts";

/** The server shows no head of the key log that enough witnesses cosigned. */
export interface UnwitnessedLog {
  /** The time of the first such answer, in milliseconds since the Unix epoch, by the local clock. */
  readonly sinceMs: number;
}

interface QuorumDeps {
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  readonly onNotWitnessed: (unwitnessed: UnwitnessedLog) => void;
}

/**
 * The server submits heads once a minute. If a quorum is missing for longer than this, the
 * application is told. The device still waits.
 */
const patienceMs = 3 * 60_000;

/** The witnesses that the application trusts, and how long a quorum of them has been missing. */
export class WitnessQuorum {
  /** What the server is asked for. */
  readonly asked: AskedWitnesses;
  readonly #policy: WitnessPolicy;
  readonly #deps: QuorumDeps;
  #sinceMs: number | undefined;
  #isTold = false;

  /** @throws LogError malformed */
  constructor(witnesses: KeyLogWitnesses, deps: QuorumDeps) {
    const { sha256 } = deviceChecks;
    this.#policy = quorumOf(sha256, witnesses);
    this.#deps = deps;
    const names = [...this.#policy.witnesses.values()].map((key) => approverName(sha256, key));
    this.asked = { witnesses: names, quorum: witnesses.quorum };
  }

  /** @throws SealdeskError key_log_not_witnessed: too few of the witnesses cosigned the head */
  assertCosigned(note: Note): void {
    try {
      assertQuorum(deviceChecks, this.#policy, note);
    } catch (error) {
      throw error instanceof LogError ? notWitnessed(error) : error;
    }
  }

  /** Does work that needs a cosigned head. Tells the application if there was none for minutes. */
  async follow<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#sinceMs = undefined;
      this.#isTold = false;
      return result;
    } catch (error) {
      if (error instanceof SealdeskError && error.code === "key_log_not_witnessed") this.#missed();
      throw error;
    }
  }

  #missed(): void {
    const { localClock, onNotWitnessed } = this.#deps;
    const nowMs = localClock.now();
    this.#sinceMs ??= nowMs;
    if (this.#isTold || nowMs - this.#sinceMs < patienceMs) return;
    this.#isTold = true;
    onNotWitnessed({ sinceMs: this.#sinceMs });
  }
}

/** Does work that needs a cosigned head, if witnesses are required. */
export const followed = <T>(
  witnesses: WitnessQuorum | undefined,
  work: () => Promise<T>,
): Promise<T> => (witnesses === undefined ? work() : witnesses.follow(work));

/**
 * Returns why an answer under an earlier head than the stored one, of `size` entries, is refused.
 * Witnesses may not have cosigned the stored head: it may be from before they were required, or
 * from the device that approved this one.
 */
export const behind = (size: number, witnesses: WitnessQuorum | undefined): Error =>
  witnesses === undefined
    ? new LogError("rolled_back", "checkpoint", `the log had ${size} entries.`)
    : notWitnessed();

export const notWitnessed = (cause?: unknown): SealdeskError =>
  new SealdeskError(
    "key_log_not_witnessed",
    "Too few of the witnesses have cosigned the newest entries of the key log.",
    { cause },
  );
