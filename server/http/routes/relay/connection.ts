import type { ProblemCode } from "../../../../contract/problems.ts";
import { closeCodes, type CloseReason } from "../../../socket/close-codes.ts";
import type { HttpChannel } from "../../../socket/http-channel.ts";
import type { HttpConnections } from "../../../socket/http-connections.ts";
import { HttpError } from "../../http-error.ts";

export const connectionProblems: readonly ProblemCode[] = [
  "connection_elsewhere",
  "connection_gone",
];

/**
 * Returns the connection with this id.
 * @throws HttpError connection_elsewhere, connection_gone
 */
export function connectionOf(connections: HttpConnections, id: string): HttpChannel {
  const found = connections.find(id);
  if (found === "elsewhere")
    throw new HttpError(
      "connection_elsewhere",
      "Another node serves this connection. Ask again; if no node does, begin with a hello.",
    );
  if (found === "gone")
    throw new HttpError("connection_gone", "This connection is over. Begin with a hello.");
  return found;
}

/** The code and name of a close, as HTTP answers report it. */
export const closeText = (reason: CloseReason): string => `${closeCodes[reason]} ${reason}`;
