import type { Request } from "express";
import {
  authenticateApiKey,
  type ApiKeyHolder,
} from "../../identity/administration/authenticate-api-key.ts";
import { originNotAllowed } from "../../identity/accounts/origins.ts";
import type { UseCase } from "../../identity/audited.ts";
import {
  authenticateOperatorKey,
  type OperatorKeyHolder,
} from "../../identity/operator-keys/authenticate-operator-key.ts";
import { answeredInSteps } from "./answered-in-steps.ts";
import type { Attempts } from "./attempts.ts";
import { HttpError } from "./http-error.ts";

/** The `WWW-Authenticate` headers of refused programs (RFC 9110 section 11.6.1). */
export const API_KEY_CHALLENGE = 'Bearer realm="administration"';
export const OPERATOR_KEY_CHALLENGE = 'Bearer realm="operator"';

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Where a request comes from. */
interface Sender {
  readonly network: string;
  readonly origin: string | undefined;
}

/** Finds out which program sends a request with a key (`Authorization: Bearer`, RFC 6750). */
export class ApiKeyAccess {
  readonly #deps: UseCase;
  readonly #attempts: Attempts;

  /** @param attempts the failed attempts of each network */
  constructor(deps: UseCase, attempts: Attempts) {
    this.#deps = deps;
    this.#attempts = attempts;
  }

  /**
   * Returns the API key of a request, which is one of the tenant that the path names.
   * @throws HttpError missing_token; rate_limited, after too many wrong keys of the network; IdentityError invalid_token; origin_not_allowed, because a
   *   key does not belong into a web page
   */
  async holderOf(request: Request, sender: Sender, requestId: string): Promise<ApiKeyHolder> {
    const token = tokenIn(request, sender);
    const named = String(request.params["tenant"]);
    const slug = SLUG.test(named) ? named : "";
    const countFailure = this.#countFailure(sender);
    const finding = authenticateApiKey(this.#deps, { slug, token, requestId, countFailure });
    return answeredInSteps("invalid_token", finding);
  }

  /**
   * Returns the key of the operator of a request.
   * @throws HttpError and IdentityError as `holderOf`
   */
  async operatorOf(
    request: Request,
    sender: Sender,
    requestId: string,
  ): Promise<OperatorKeyHolder> {
    const token = tokenIn(request, sender);
    const countFailure = this.#countFailure(sender);
    const finding = authenticateOperatorKey(this.#deps, { token, requestId, countFailure });
    return answeredInSteps("invalid_token", finding);
  }

  /** Only wrong keys count, so those of others at the same address do not lock out a right one. */
  #countFailure({ network }: Sender): () => Promise<unknown> {
    return () => this.#attempts.run(network, () => Promise.resolve(false));
  }
}

function tokenIn(request: Request, { origin }: Sender): string {
  const token = /^Bearer +(\S+)$/i.exec(request.get("authorization") ?? "")?.[1];
  if (token === undefined)
    throw new HttpError("missing_token", "Send the key as Authorization: Bearer.");
  if (origin !== undefined) throw originNotAllowed();
  return token;
}
