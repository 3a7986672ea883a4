import type { ConversationId, GrantId } from "../../crypto/wire/ids.ts";
import type { FreshConsents } from "../consents/fresh-consents.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import { receiptOf } from "../../crypto/wire/receipt-checks.ts";
import type { PostSignedDeps, SignableLog } from "../receipts/post-signed.ts";
import {
  HistoryGranter,
  type GrantedHistory,
  type HistoryGranterDeps,
  type HistoryRequest,
} from "./history-granter.ts";
import { loadIncoming } from "./incoming-job.ts";
import { HistoryImporter, type HistoryImporterDeps } from "./history-importer.ts";
import { loadJobs } from "./outgoing-job.ts";
import { Sharing } from "./sharing.ts";

export interface ExchangeDeps
  extends Omit<HistoryGranterDeps, "api">, Omit<HistoryImporterDeps, "api" | "uploads"> {
  readonly api: HistoryGranterDeps["api"] & HistoryImporterDeps["api"] & PostSignedDeps["api"];
  readonly consents: Pick<FreshConsents, "assertInForce" | "forget">;
  /** Called when the store failed. */
  readonly onFailure: (error: unknown) => void;
}

type LogOf = (conversation: ConversationId) => SignableLog;

/** Runs the history grants that this device makes and receives. */
export class HistoryExchange {
  readonly #deps: ExchangeDeps;
  readonly #granter: HistoryGranter;
  readonly #intake: HistoryImporter;
  readonly #sharing: Sharing;
  readonly #logOf: LogOf;

  constructor(deps: ExchangeDeps, logOf: LogOf) {
    this.#deps = deps;
    this.#granter = new HistoryGranter(deps);
    this.#intake = new HistoryImporter(deps);
    this.#sharing = new Sharing({ ...deps, granter: this.#granter, logOf });
    this.#logOf = logOf;
  }

  /** Continues with the jobs that were under way when the device last stopped. */
  async resume(): Promise<void> {
    const { store } = this.#deps;
    for (const job of await loadJobs(store))
      // The caller that waited for this job did so in an earlier connection.
      this.#granter.resume(job, this.#logOf(job.conversation)).catch(() => undefined);
    for (const { grant } of await loadIncoming(store)) this.#take(grant);
    this.#share();
  }

  /**
   * Call it when an event is in the store. An event that grants this device history has left an
   * incoming job. An event that added a device which this one approved has left a share.
   */
  recorded(
    conversation: ConversationId,
    { kind, control }: Pick<HistoryRecord, "kind" | "control">,
  ): void {
    if (kind === "consent_changed") this.#deps.consents.forget(conversation);
    if (kind === "device_added" && control?.subject === this.#deps.account.user) this.#share();
    const receipt = kind === "history_granted" && control !== undefined && receiptOf(control);
    if (receipt && receipt.type === "history_grant") this.#take(receipt.id);
  }

  /** @see Conversation.grantHistory */
  grant(conversation: ConversationId, request: HistoryRequest): Promise<GrantedHistory> {
    return this.#granter.grant(this.#logOf(conversation), request);
  }

  #take(grant: GrantId): void {
    this.#watch(this.#intake.take(grant));
  }

  #share(): void {
    this.#watch(this.#sharing.wake());
  }

  #watch(work: Promise<void>): void {
    const { signal, onFailure } = this.#deps;
    work.catch((error: unknown) => {
      if (!signal.aborted) onFailure(error);
    });
  }
}
