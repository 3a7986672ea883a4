import { generateSigningKey, ready } from "../../crypto/device/sodium.ts";
import { func, object, optional, text } from "../arguments.ts";
import { webUrl } from "../call-checks.ts";
import { proofMaker } from "../http/device-proof.ts";
import { createExchange } from "../http/transport.ts";
import { ServerClock, systemClock, type Runtime } from "../runtime.ts";
import { readProviders, type IdentityProvider } from "./authorize.ts";

/**
 * Lists the identity providers with which the staff of a tenant sign in, by name. It needs no session.
 * An unknown tenant has none.
 * @param options.url the server's public URL
 * @param options.tenant the tenant's slug
 * @throws SealdeskError network, invalid_response
 */
export async function identityProviders(options: {
  readonly url: string;
  readonly tenant: string;
  readonly runtime?: Partial<Pick<Runtime, "fetch">>;
}): Promise<readonly IdentityProvider[]> {
  object({ url: webUrl, tenant: text(64), runtime: optional(object({ fetch: optional(func) })) })(
    options,
    "options",
  );
  const { url, tenant, runtime } = options;
  await ready;
  const clock = new ServerClock(systemClock);
  const exchange = createExchange({
    baseUrl: url,
    fetch: runtime?.fetch ?? ((to, init) => globalThis.fetch(to, init)),
    clock,
    // The server does not read it: nobody signs in here.
    prove: proofMaker(generateSigningKey(), clock),
    signal: new AbortController().signal,
  });
  return readProviders(exchange, tenant);
}
