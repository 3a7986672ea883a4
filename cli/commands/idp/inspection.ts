import type { InspectionDeps } from "../../../identity/providers/inspect-provider.ts";
import { createProviderFetch } from "../../../identity/providers/provider-fetch.ts";
import type { Settings } from "../../settings.ts";

/** Returns how a command inspects a provider: from the operator's machine, and the operator learns why a request failed. */
export const inspectionBy = ({ outgoing }: Settings): InspectionDeps => ({
  fetch: createProviderFetch(outgoing),
  allowsHttp: outgoing.allowsLocalHttp,
  tellsNetwork: true,
});
