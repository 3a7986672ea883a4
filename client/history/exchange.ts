import type { ConversationId, GrantId } from "../../crypto/wire/ids.ts";
import { receiptOf } from "../../crypto/wire/receipt-checks.ts";
import type { FreshConsentCalls } from "../consents/fresh-consents.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import type { PostSignedDeps, SignableLog } from "../receipts/post-signed.ts";
import type { GrantedHistory, HistoryRequest } from "./history-granter.ts";
import type { HistoryWork, HistoryWorkDeps } from "./history-work.ts";
import { loadIncoming } from "./incoming-job.ts";
import { loadOnDemand } from "../load-on-demand.ts";
import { loadJobs } from "./outgoing-job.ts";
import { pendingShares } from "./shared-devices.ts";

export interface ExchangeDeps extends HistoryWorkDeps {
  readonly api: HistoryWorkDeps["api"] & PostSignedDeps["api"];
  readonly consents: FreshConsentCalls;
  /** Called when the store failed. */
  readonly onFailure: (error: unknown) => void;
}

type LogOf = (conversation: ConversationId) => SignableLog;

/** Runs the history grants that this device makes and receives. The code that does it is loaded for the first one. */
export class HistoryExchange {
  readonly #deps: ExchangeDeps;
  readonly #logOf: LogOf;
  #work: HistoryWork | undefined;

  constructor(deps: ExchangeDeps, logOf: LogOf) {
    this.#deps = deps;
    this.#logOf = logOf;
  }

  /** Continues with the jobs that were under way when the device last stopped. */
  async resume(): Promise<void> {
    const { store } = this.#deps;
    for (const job of await loadJobs(store))
      // The caller that waited for this job did so in an earlier connection.
      this.#load()
        .then(({ granter }) => granter.resume(job, this.#logOf(job.conversation)))
        .catch(() => undefined);
    for (const { grant } of await loadIncoming(store)) this.#take(grant);
    if ((await pendingShares(store)).length > 0) this.#share();
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
  async grant(conversation: ConversationId, request: HistoryRequest): Promise<GrantedHistory> {
    const { granter } = await this.#load();
    return granter.grant(this.#logOf(conversation), request);
  }

  #take(grant: GrantId): void {
    this.#watch(({ importer }) => importer.take(grant));
  }

  #share(): void {
    this.#watch(({ sharing }) => sharing.wake());
  }

  /** Does what the store says is to be done. If the code cannot be loaded, the next connection does it. */
  #watch(begin: (work: HistoryWork) => Promise<void>): void {
    const { signal, onFailure } = this.#deps;
    this.#load()
      .catch(() => undefined)
      .then((work) => work && begin(work))
      .catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      });
  }

  async #load(): Promise<HistoryWork> {
    const { HistoryWork: Loaded } = await loadOnDemand();
    return (this.#work ??= new Loaded(this.#deps, this.#logOf));
  }
}
