import { rights, type Right } from "../../contract/requests.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { CaseId, ConversationId, Given, NewId, ReportId } from "../../crypto/wire/ids.ts";
import { func, given, object, oneOf, optional, text } from "../arguments.ts";
import type { DownloadDeps } from "../attachments/download.ts";
import { exportApi } from "../export/export-api.ts";
import { takeCopy, type WrittenCopy } from "../export/take-copy.ts";
import { exportTarget, type ExportProgress, type ExportTarget } from "../export/target.ts";
import { requestApi, type RequestApi } from "../http/request-api.ts";
import type { Request } from "../http/transport.ts";
import { suiteRequired } from "../options.ts";
import type { Clock } from "../runtime.ts";
import type { Account } from "./account.ts";

/** The acknowledgement of a request. */
export interface AcknowledgedRequest {
  readonly id: CaseId;
  /** The first moment after the last day on which it must be answered, in milliseconds since the Unix epoch. */
  readonly dueAtMs: number;
  /** True if the same was asked for before, and both are one case now. */
  readonly isMerged: boolean;
  /** The page that shows how far the request is, also when the account is gone. It is told once: show it. */
  readonly link: string;
}

/** How far the erasure is that a request has begun. Times are milliseconds since the Unix epoch. */
export interface ErasureProgress {
  /** Such as "contestable" or "certified"; docs/erasure.md has all. */
  readonly state: string;
  /** Why the server could not go on when it last tried: a code. */
  readonly pending: string | null;
  /** Until when nothing is destroyed, so that it can be withdrawn; null before the account is fenced. */
  readonly contestableUntilMs: number | null;
  /** When its certificate was signed; null before. */
  readonly certifiedAtMs: number | null;
}

/** A restriction of the processing of one's conversations. Times are milliseconds since the Unix epoch. */
export interface OwnRestriction {
  readonly id: CaseId;
  /** "in_force", "announced" (it is in force until `liftsAtMs`) or "lifted". */
  readonly state: string;
  /** The provision that demands it. */
  readonly law: string;
  /** What is only stored: sending to it fails with the `problem` "processing_restricted". */
  readonly conversations: readonly ConversationId[];
  readonly placedAtMs: number;
  /** When it ends; null before its end is announced. */
  readonly liftsAtMs: number | null;
}

/** What a moderator decided about this account. Times are milliseconds since the Unix epoch. */
export interface ModerationDecision {
  /** The id of the report. */
  readonly id: ReportId;
  /** "warn", "mute" or "ban". */
  readonly decision: string;
  readonly decidedAtMs: number;
  /** When the mute or the ban ends; null without one, and for a ban without an end. */
  readonly sanctionUntilMs: number | null;
  /** When this account appealed; null if it did not. */
  readonly appealedAtMs: number | null;
  /** "upheld" or "lifted"; null while nobody has decided about the appeal. */
  readonly appealOutcome: string | null;
}

/** How far the copy is that answers a request. Times are milliseconds since the Unix epoch. */
export interface CopyState {
  /** Such as "packing", "ready" or "completed"; docs/export.md has all. */
  readonly state: string;
  /** Why the server could not go on when it last tried: a code. */
  readonly pending: string | null;
  /** When the server had packed it; null before. */
  readonly packedAtMs: number | null;
  /** When its manifest was signed; null before. */
  readonly completedAtMs: number | null;
}

/** How far a request is. Times are milliseconds since the Unix epoch. */
export interface OwnRequest {
  readonly id: CaseId;
  readonly right: string;
  /** "received", "accepted", "answered", "refused" or "withdrawn". */
  readonly state: string;
  /** Why the server could not go on when it last tried: a code. */
  readonly pending: string | null;
  readonly receivedAtMs: number;
  readonly dueAtMs: number;
  /** Where the law says when it is due. */
  readonly citation: string;
  readonly extensionReason: string | null;
  readonly refusalGround: string | null;
  /** Null unless it is an accepted request for erasure. */
  readonly erasure: ErasureProgress | null;
  /** Null unless it is an accepted request for restriction. */
  readonly restriction: Pick<OwnRestriction, "state" | "liftsAtMs"> | null;
  /** The last copy that a device of yours has begun (`export`); null if none has. */
  readonly copy: CopyState | null;
}

export interface RightsDeps {
  readonly request: Request;
  readonly store: DeviceStore;
  readonly account: Pick<Account, "user">;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Undefined without a cipher suite. */
  readonly member:
    | {
        readonly manager: { synced(): Promise<void> };
        readonly downloads: DownloadDeps;
      }
    | undefined;
}

/** What the law gives the person of this account. */
export class Rights {
  readonly #parts: RightsDeps;
  readonly #api: RequestApi;

  constructor(parts: RightsDeps) {
    this.#parts = parts;
    this.#api = requestApi(parts.request);
  }

  /**
   * Asks for a copy of one's data ("access"), its erasure and the like. If the same was asked for and is not answered
   * yet, both are one case, and the earliest receipt starts the clock. When an erasure begins, this device is signed out:
   * follow it with `openRequestLink`.
   * @param options.residence where the person lives: a code of ISO 3166, such as "DE" or "US-CA"
   * @throws SealdeskError forbidden: the account is not a customer's; invalid_request
   */
  async request(
    right: Right,
    options: { readonly residence?: string } = {},
  ): Promise<AcknowledgedRequest> {
    oneOf(...rights)(right, "right");
    object({ residence: optional(text(6)) })(options, "options");
    return this.#api.openRequest({ right, residence: options.residence });
  }

  /**
   * Withdraws a request. Once an erasure has begun, nobody can sign in: withdraw it with `openRequestLink`.
   * @throws SealdeskError request_refused: there is no such request of yours, or it is over
   */
  async withdraw(id: Given<CaseId>): Promise<void> {
    await this.#api.withdrawRequest(given(id, "id"));
  }

  /**
   * Returns the last 200 decisions of moderators about this account, the newest first: a warning, a mute or a ban. It does not
   * say who reported what.
   * @throws SealdeskError forbidden: moderators judge no account of this role
   */
  async decisions(): Promise<readonly ModerationDecision[]> {
    return this.#api.listDecisions();
  }

  /**
   * Appeals against a decision about this account, once, within six months. Another moderator looks at it.
   * @throws SealdeskError request_refused: there is no such decision, or it cannot be appealed
   */
  async appeal(id: Given<ReportId>): Promise<void> {
    await this.#api.appealDecision(given(id, "id"));
  }

  /** Returns the last 200 restrictions of this account's conversations, the newest first, also those that were lifted. */
  async restrictions(): Promise<readonly OwnRestriction[]> {
    return this.#api.listRestrictions();
  }

  /** Returns the last 200 requests of this account, the newest first, also those that are over. */
  async list(): Promise<readonly OwnRequest[]> {
    return this.#api.listRequests();
  }

  /**
   * Writes the copy of one's data that answers a request for access or portability, once the request is accepted. This device
   * opens the messages: no server can. If the call is interrupted, even by `kill -9`, the next one goes on where it stopped.
   * The last step answers the request.
   * @param id the request
   * @param target where the copy is kept, such as `exportFolder` of `@sealdesk/client/node`
   * @param options.onProgress is told how many events are written
   * @throws SealdeskError suite_required; request_refused: there is no such request of yours, or it is not accepted;
   *   export_altered: what the server packed is not what this device received. The message names the place
   */
  async export(
    id: Given<CaseId>,
    target: ExportTarget,
    options: { readonly onProgress?: (progress: ExportProgress) => void } = {},
  ): Promise<WrittenCopy> {
    const request = given(id, "id");
    exportTarget(target, "target");
    object({ onProgress: optional(func) })(options, "options");
    const { member, account, store, clock, newId } = this.#parts;
    if (member === undefined) throw suiteRequired();
    await member.manager.synced();
    const { downloads } = member;
    const api = exportApi(this.#parts.request);
    const deps = { api, store, downloads, clock, newId, self: account.user };
    const { signal } = downloads;
    return takeCopy({ ...deps, signal }, request, target, (now) => options.onProgress?.(now));
  }
}
