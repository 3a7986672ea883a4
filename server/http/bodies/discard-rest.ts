import type { RequestHandler } from "express";

/**
 * The time for which the rest of a body is taken after the answer, so that the sender can read the
 * answer.
 */
const LINGER_MS = 2_000;

/**
 * Ends the connection of a request that was answered before its body was complete, unless the rest
 * arrives soon. The rest is thrown away.
 */
export const discardRest: RequestHandler = (request, response, next) => {
  response.once("finish", () => {
    if (request.complete) return;
    const { socket } = request;
    const late = setTimeout(() => socket.destroy(), LINGER_MS);
    const stop = () => clearTimeout(late);
    request.once("end", stop);
    socket.once("close", stop);
  });
  next();
};
