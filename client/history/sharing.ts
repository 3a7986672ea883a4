import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Account } from "../device/account.ts";
import { SealdeskError } from "../errors.ts";
import type { SignableLog } from "../receipts/post-signed.ts";
import type { HistoryGranter } from "./history-granter.ts";
import { putJob, type OutgoingJob } from "./outgoing-job.ts";
import { ownRanges } from "./own-ranges.ts";
import { deleteShare, pendingShares, type PendingShare } from "./shared-devices.ts";

export interface SharingDeps {
  readonly store: DeviceStore;
  readonly account: Account;
  readonly granter: HistoryGranter;
  readonly logOf: (conversation: ConversationId) => SignableLog;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/**
 * Shares the history of each conversation, one after another, with devices that this one approved.
 */
export class Sharing {
  readonly #deps: SharingDeps;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: SharingDeps) {
    this.#deps = deps;
  }

  /**
   * Starts the waiting shares after the share under way.
   * @throws the errors of the store
   */
  wake(): Promise<void> {
    const run = this.#tail.then(() => this.#giveAll());
    this.#tail = run.catch(() => undefined);
    return run;
  }

  async #giveAll(): Promise<void> {
    const { store, signal } = this.#deps;
    if (signal.aborted) return;
    for (const share of await pendingShares(store)) {
      for (const job of await this.#begin(share)) await this.#give(job);
      if (signal.aborted) return;
    }
  }

  /** From here on it is an ordinary grant. The share ends when the grant begins. */
  async #begin(share: PendingShare): Promise<readonly OutgoingJob[]> {
    const { store, account, granter, logOf } = this.#deps;
    const { conversation, toSeq, device } = share;
    const { user } = account;
    const { state } = logOf(conversation);
    const isThere = state?.members.some((member) => member.devices.includes(device)) === true;
    const ranges = isThere ? await ownRanges(store, { conversation, toSeq, user }) : [];
    const jobs = ranges.map((range) =>
      granter.prepare(conversation, state, {
        to: user,
        devices: [device],
        ...range,
        purpose: "own_device",
      }),
    );
    await store.transact(async (transaction) => {
      deleteShare(transaction, share);
      for (const job of jobs) putJob(transaction, job);
    });
    return jobs;
  }

  async #give(job: OutgoingJob): Promise<void> {
    try {
      await this.#deps.granter.resume(job, this.#deps.logOf(job.conversation));
    } catch (error) {
      // A refusal is reported as failed progress. The next conversation follows.
      if (!(error instanceof SealdeskError)) throw error;
    }
  }
}
