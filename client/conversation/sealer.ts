import type { MessageId } from "../../crypto/wire/ids.ts";
import type { SuiteError } from "../../crypto/device/suite.ts";
import { codeOf, isTransient, SealdeskError } from "../errors.ts";
import { assertMember, assertReaders, isMember } from "./assert-member.ts";
import type { Sealing } from "./outbox.ts";
import { endsConnection } from "./refusal.ts";
import { sealEntries } from "./seal-entries.ts";
import type { SenderDeps } from "./sender-deps.ts";
import {
  assertTrusted,
  establishSessions,
  findMislistedMember,
  type SessionDeps,
} from "./sessions.ts";
import type { ConversationState } from "./state.ts";
import { UnreachableDevices } from "./unreachable-devices.ts";

/** The number of consecutive failures of sessions after which messages are given up. */
const maxFailures = 5;

/** The outcome for messages that were to be sealed. */
export type SealOutcome =
  | {
      readonly kind: "sealed";
      readonly made: ReadonlyMap<MessageId, Sealing>;
      /** Those that must be given up, because somebody came unseen after they had been written. */
      readonly overtaken: readonly MessageId[];
    }
  /** Something has changed. Seal again at once. */
  | { readonly kind: "again" }
  /** Seal again later. `error` says when, if it knows. */
  | { readonly kind: "later"; readonly error: SealdeskError }
  | { readonly kind: "failed"; readonly error: SealdeskError };

type SealerDeps = SessionDeps &
  Pick<
    SenderDeps,
    "conversation" | "account" | "sign" | "log" | "keyLog" | "renewal" | "onUnreachable"
  >;

/** Seals messages for the devices of a conversation. It establishes sessions that are missing or stale. */
export class Sealer {
  readonly #deps: SealerDeps;
  readonly #unreachable: UnreachableDevices;
  #failures = 0;

  constructor(deps: SealerDeps) {
    this.#deps = deps;
    this.#unreachable = new UnreachableDevices(deps.localClock, deps.onUnreachable);
  }

  /** @param state the state to check. If it changes in the meantime, the new one is sealed for. */
  async seal(ids: readonly MessageId[], state: ConversationState): Promise<SealOutcome> {
    const { localClock, log, renewal } = this.#deps;
    try {
      assertMember(state);
      await assertTrusted(this.#deps, state);
      assertReaders(log.state ?? state, log.self.user);
      const newest = () => {
        const current = log.state ?? state;
        const mislisted = findMislistedMember(this.#deps, current);
        return isMember(current) && mislisted === undefined ? current : undefined;
      };
      const outcome = await sealEntries(this.#deps, ids, newest, {
        nowMs: localClock.now(),
        without: this.#unreachable.current,
        unrenewed: renewal.postponed,
      });
      // The members have changed in the meantime. The next attempt checks the new ones.
      if (outcome === undefined) return { kind: "again" };
      this.#failures = 0;
      return { kind: "sealed", ...outcome };
    } catch (error) {
      return this.#recover(error);
    }
  }

  async #recover(error: unknown): Promise<SealOutcome> {
    if (codeOf(error, "SuiteError") === "no_session") {
      const { devices } = error as SuiteError;
      try {
        this.#unreachable.add(await establishSessions(this.#deps, devices));
      } catch (cause) {
        return this.#recover(cause);
      }
      // Count only if bundles arrived. An unreachable server says nothing about the device.
      if (this.#mayFailAgain()) return { kind: "again" };
    }
    if (codeOf(error, "SuiteError") === "stale_session") {
      await this.#deps.renewal.renew((error as SuiteError).devices);
      return { kind: "again" };
    }
    if (codeOf(error, "SuiteError") !== undefined) {
      const message = "The message cannot be sealed for a member's device.";
      return {
        kind: "failed",
        error: new SealdeskError("untrusted_member", message, { cause: error }),
      };
    }
    if (!(error instanceof SealdeskError)) throw error;
    // A device may have left, and the event may not have arrived yet. It will change the epoch.
    const mayPass = error.code === "request_refused" && this.#mayFailAgain();
    const isLater = mayPass || isTransient(error) || endsConnection(error);
    return { kind: isLater ? "later" : "failed", error };
  }

  /**
   * Counts a failure.
   * @returns false after too many failures in a row; the count then starts again
   */
  #mayFailAgain(): boolean {
    this.#failures = (this.#failures + 1) % maxFailures;
    return this.#failures > 0;
  }
}
