import { rights, type Right } from "../../contract/requests.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { object, oneOf, optional, text } from "../arguments.ts";
import type { RequestApi } from "../http/request-api.ts";

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

/** How far a request is. Times are milliseconds since the Unix epoch. */
export interface OwnRequest {
  readonly id: CaseId;
  readonly right: string;
  /** "received", "accepted", "answered" or "refused". */
  readonly state: string;
  /** Why the server could not go on when it last tried: a code. */
  readonly pending: string | null;
  readonly receivedAtMs: number;
  readonly dueAtMs: number;
  /** Where the law says when it is due. */
  readonly citation: string;
  readonly extensionReason: string | null;
  readonly refusalGround: string | null;
}

/** What the law gives the person of this account. */
export class Rights {
  readonly #api: RequestApi;

  constructor(api: RequestApi) {
    this.#api = api;
  }

  /**
   * Asks for a copy of one's data ("access"), its erasure and the like. If the same was asked for and is not answered
   * yet, both are one case, and the earliest receipt starts the clock.
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

  /** Returns the last 200 requests of this account, the newest first, also those that are over. */
  async list(): Promise<readonly OwnRequest[]> {
    return this.#api.listRequests();
  }
}
