import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { SignableLog } from "../receipts/post-signed.ts";
import { HistoryGranter, type HistoryGranterDeps } from "./history-granter.ts";
import { HistoryImporter, type HistoryImporterDeps } from "./history-importer.ts";
import { Sharing } from "./sharing.ts";

export interface HistoryWorkDeps
  extends Omit<HistoryGranterDeps, "api">, Omit<HistoryImporterDeps, "api" | "uploads"> {
  readonly api: HistoryGranterDeps["api"] & HistoryImporterDeps["api"];
}

/** Makes the history grants of this device, and takes those that it receives. */
export class HistoryWork {
  readonly granter: HistoryGranter;
  readonly importer: HistoryImporter;
  readonly sharing: Sharing;

  constructor(deps: HistoryWorkDeps, logOf: (conversation: ConversationId) => SignableLog) {
    this.granter = new HistoryGranter(deps);
    this.importer = new HistoryImporter(deps);
    this.sharing = new Sharing({ ...deps, granter: this.granter, logOf });
  }
}
