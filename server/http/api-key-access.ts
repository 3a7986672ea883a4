import type { Request } from "express";
import {
  authenticateApiKey,
  type ApiKeyHolder,
} from "../../identity/administration/authenticate-api-key.ts";
import { originNotAllowed } from "../../identity/accounts/origins.ts";
import type { UseCase } from "../../identity/audited.ts";
import { answeredInSteps } from "./answered-in-steps.ts";
import type { Attempts } from "./attempts.ts";
import { HttpError } from "./http-error.ts";

/** The `WWW-Authenticate` header of a refused program (RFC 9110 section 11.6.1). */
export const API_KEY_CHALLENGE = 'Bearer realm="administration"';

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Finds out which program sends a request with an API key (`Authorization: Bearer`, RFC 6750). */
export class ApiKeyAccess {
  readonly #deps: UseCase;
  readonly #attempts: Attempts;

  /** @param attempts the failed attempts of each network */
  constructor(deps: UseCase, attempts: Attempts) {
    this.#deps = deps;
    this.#attempts = attempts;
  }

  /**
   * @throws HttpError missing_token; rate_limited, after too many wrong keys of the network; IdentityError invalid_token; origin_not_allowed, because an
   *   API key does not belong into a web page
   */
  async holderOf(
    request: Request,
    { network, origin }: { readonly network: string; readonly origin: string | undefined },
    requestId: string,
  ): Promise<ApiKeyHolder> {
    const token = /^Bearer +(\S+)$/i.exec(request.get("authorization") ?? "")?.[1];
    if (token === undefined)
      throw new HttpError("missing_token", "Send the API key as Authorization: Bearer.");
    if (origin !== undefined) throw originNotAllowed();
    const named = String(request.params["tenant"]);
    const slug = SLUG.test(named) ? named : "";
    const finding = authenticateApiKey(this.#deps, {
      slug,
      token,
      requestId,
      // Only wrong keys count, so those of others at the same address do not lock out a right one.
      countFailure: () => this.#attempts.run(network, () => Promise.resolve(false)),
    });
    return answeredInSteps("invalid_token", finding);
  }
}
