import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { HttpError } from "./http-error.ts";

/**
 * Reads request bodies of one media type.
 * @throws HttpError unsupported_media_type, body_too_large, invalid_request
 */
export function bytesReader(
  type: string,
  limit: number,
): (request: IncomingMessage, response: ServerResponse) => Promise<Uint8Array> {
  const read = express.raw({ type, limit, inflate: false });
  return async (request, response) => {
    if (request.headers["content-type"] !== type)
      throw new HttpError("unsupported_media_type", `Send the body as ${type}.`);
    await new Promise<void>((resolve, reject) => {
      read(request, response, (error?: unknown) => {
        if (error === undefined) resolve();
        else reject(bodyError(error, limit));
      });
    });
    const { body } = request as { readonly body?: unknown };
    // Leave the body undefined when the request has none.
    return body instanceof Uint8Array ? body : new Uint8Array();
  };
}

function bodyError(cause: unknown, limit: number): HttpError {
  const { type } = cause as { readonly type?: unknown };
  if (type === "entity.too.large")
    return new HttpError("body_too_large", `A body has at most ${limit} bytes.`);
  if (type === "encoding.unsupported")
    return new HttpError("unsupported_media_type", "Send the body as it is, not compressed.");
  return new HttpError("invalid_request", "The body did not come whole.");
}
