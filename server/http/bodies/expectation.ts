import type { IncomingMessage, ServerResponse } from "node:http";

/** Requests whose sender waits to be told to send the body (RFC 9110 section 10.1.1). */
const waiting = new WeakSet<IncomingMessage>();

/**
 * Notes that the sender holds the body back. If the request is answered without it, the connection
 * is closed, because the body may come or not.
 */
export function holdBody(request: IncomingMessage, response: ServerResponse): void {
  waiting.add(request);
  response.setHeader("Connection", "close");
}

/** Asks the sender for the body, if it waits for that. */
export function continueRequest(request: IncomingMessage, response: ServerResponse): void {
  if (!waiting.delete(request)) return;
  response.removeHeader("Connection");
  response.writeContinue();
}
