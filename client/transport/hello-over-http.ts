import { frameBatchType } from "../../crypto/wire/frame-batch.ts";
import { SealdeskError } from "../errors.ts";
import { createBytesExchange } from "../http/bytes-exchange.ts";
import type { Session } from "../http/session.ts";
import type { ExchangeDeps } from "../http/transport.ts";
import type { HttpChannelDeps } from "./http-channel.ts";

/** Starts connections over HTTP for the session's device. */
export function helloOverHttp(
  session: Pick<Session, "authorised">,
  deps: ExchangeDeps,
): HttpChannelDeps["begin"] {
  return async (hello, signal) => {
    const exchange = createBytesExchange({ ...deps, signal });
    const headers = { "content-type": frameBatchType };
    const request = { method: "POST", path: "v1/relay/send", headers, body: hello } as const;
    const { headers: answered } = await session.authorised((token) => exchange(request, token));
    const id = answered.get("relay-connection");
    // For example, the error page of a proxy.
    if (id === null) throw new SealdeskError("network", "The answer does not come from the relay.");
    return id;
  };
}
