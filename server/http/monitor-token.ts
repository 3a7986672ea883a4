import { HttpError } from "./http-error.ts";

/** The `WWW-Authenticate` header of a refused monitor (RFC 9110 section 11.6.1). */
export const MONITOR_CHALLENGE = 'Bearer realm="audit log", Basic realm="audit log"';

/**
 * Returns the token in an Authorization header: `Bearer` (RFC 6750), or the password of `Basic` (RFC 7617).
 * @throws HttpError missing_token
 */
export function monitorTokenIn(authorization = ""): string {
  const [, scheme = "", credentials = ""] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? [];
  const token = scheme.toLowerCase() === "basic" ? passwordIn(credentials) : credentials;
  if (token === "")
    throw new HttpError(
      "missing_token",
      "Send the monitor's token as Authorization: Bearer, or as the password of Basic.",
    );
  return token;
}

function passwordIn(credentials: string): string {
  const pair = Buffer.from(credentials, "base64").toString();
  return pair.slice(pair.indexOf(":") + 1);
}
