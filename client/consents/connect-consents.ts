import { consentApi, type ConsentApi } from "../http/consent-api.ts";
import type { Request } from "../http/transport.ts";
import { Consents, type ConsentsDeps } from "./consents.ts";
import { FreshConsents, type FreshConsentsDeps } from "./fresh-consents.ts";
import { inTurn } from "./in-turn.ts";
import { Notices } from "./notices.ts";

export interface ConnectedConsentsDeps extends Omit<
  ConsentsDeps & FreshConsentsDeps,
  "api" | "inTurn"
> {
  readonly api: Omit<ConsentsDeps["api"], keyof ConsentApi>;
  readonly request: Request;
}

/** The consents and notices of a connected device. */
export interface ConnectedConsents {
  readonly consents: Consents;
  readonly notices: Notices;
  /** The consents of customers that this device relies on. */
  readonly fresh: FreshConsents;
}

export function connectConsents({ request, ...deps }: ConnectedConsentsDeps): ConnectedConsents {
  const own = { ...deps, api: { ...deps.api, ...consentApi(request) }, inTurn: inTurn() };
  return {
    consents: new Consents(own),
    notices: new Notices(own),
    fresh: new FreshConsents(own),
  };
}
