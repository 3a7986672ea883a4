import { z } from "zod";

/** The location of a sink. */
export type SinkPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "tcp" | "tls"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /** The prefix is empty, or ends with a slash. */
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string };

/** A sink as an operator configures it. */
export interface ConfiguredSink {
  /** Names the sink in metrics and in the log, which do not show its address. */
  readonly name: string;
  readonly place: SinkPlace;
}

const MOST_SINKS = 8;
/** RFC 5425 section 4.1. */
const SYSLOG_TLS_PORT = 6514;
const pathOf = z.string().regex(/^\/[^/\p{Cc}]/u);
const sink = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,30}=/)
  .transform((text, context) => {
    const at = text.indexOf("=");
    const place = placeOf(text.slice(at + 1));
    if (place !== undefined) return { name: text.slice(0, at), place };
    context.addIssue("is not the URL of a sink");
    return z.NEVER;
  });
const bucketOf = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
/** The characters that S3 names safe in keys. */
const prefixOf = z
  .string()
  .regex(/^(?:\/[A-Za-z0-9._-]+)*\/?$/)
  .max(200)
  .transform((path) => path.replace(/^\//, "").replace(/[^/]$/, "$&/"));
const list = z
  .array(sink)
  .max(MOST_SINKS)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length);

/**
 * Reads the sinks of a list that is separated by commas or spaces. Each is its name, `=`, and its URL:
 * `file:///path`, `s3://bucket/prefix`, `syslog+tls://host:port`, `syslog+tcp://host:port` or `syslog+unix:///path`. A port that is left out
 * of `syslog+tls:` is 6514.
 * @returns undefined if the text has another form, or names a sink twice
 */
export function parseSinks(text: string): readonly ConfiguredSink[] | undefined {
  return list.safeParse(text.split(/[\s,]+/).filter((part) => part !== "")).data;
}

function placeOf(text: string): SinkPlace | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, hostname, port, pathname, search, hash, username } = new URL(text);
  if (`${search}${hash}${username}` !== "") return undefined;
  const isHost = host !== "" && /^\/?$/.test(pathname);
  const named = { host: hostname.replace(/[[\]]/g, ""), port: Number(port) };
  if (protocol === "syslog+tcp:" && isHost && port !== "") return { kind: "tcp", ...named };
  if (protocol === "syslog+tls:" && isHost)
    return { kind: "tls", ...named, port: named.port || SYSLOG_TLS_PORT };
  if (protocol === "s3:" && port === "") return bucketPlace(host, pathname);
  const path = pathOf.safeParse(decoded(pathname)).data;
  if (host !== "" || path === undefined) return undefined;
  if (protocol === "file:") return { kind: "file", path };
  return protocol === "syslog+unix:" ? { kind: "unix", path } : undefined;
}

function bucketPlace(host: string, path: string): SinkPlace | undefined {
  const bucket = bucketOf.safeParse(host).data;
  const prefix = prefixOf.safeParse(path).data;
  if (bucket === undefined || prefix === undefined) return undefined;
  return { kind: "s3", bucket, prefix };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
