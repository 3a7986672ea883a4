import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { parseApproverList } from "../../audit/restore/approver-list.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import { parseSinks } from "../../audit/sinks/parse-sinks.ts";
import { parseWitnesses } from "../../audit/witness/parse-witness.ts";
import { parseRate, type BucketRate } from "../../policies/token-bucket.ts";

/**
 * Returns the schema of a string with a rule. The rule continues a sentence that starts with the
 * variable's name.
 */
export const text = (rule: string, isValid: (value: string) => boolean) =>
  z.string().refine(isValid, rule);

export const host = text("must be an address to listen on.", (name) => /^[\w.:-]+$/.test(name));

export const port = text(
  "must be a number from 0 to 65535.",
  (number) => /^\d{1,5}$/.test(number) && Number(number) <= 65_535,
);

export const days = text(
  "must be a number of days from 1 to 36500.",
  (number) => /^[1-9]\d{0,4}$/.test(number) && Number(number) <= 36_500,
);

/** Returns the schema of a path. A path may contain spaces and any letters, but no line break. */
export const path = (what: "file" | "folder") =>
  text(`must be the path of a ${what}.`, (name) => !/\p{Cc}/u.test(name));

/** A secret or a name that is sent in a header. A line break from a file would be refused there. */
export const headerText = text("must be printable characters without spaces.", (value) =>
  /^[\x21-\x7e]+$/.test(value),
);

export const authoritySecret = text(
  "must be at least 32 printable characters without spaces.",
  (value) => /^[\x21-\x7e]{32,512}$/.test(value),
);

export const httpUrl = text("must be an http or https URL without a query.", isHttpUrl);

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, search, hash, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && `${search}${hash}${username}${password}` === "";
}

export const databaseUrl = text(
  "must be the URL of one server, of the form postgresql://user:password@host:port/database.",
  (value) => {
    // A socket's folder may stand in the parameter `host`, as libpq allows, and then there is no host.
    const url = value.replace("@/", "@localhost/");
    return (
      /^postgres(ql)?:\/\/./.test(url) && URL.canParse(url) && !new URL(url).host.includes(",")
    );
  },
);

export const redisUrl = text(
  "must be a URL that begins with redis:// or rediss://.",
  (value) => /^rediss?:\/\/./.test(value) && URL.canParse(value),
);

export const bucketName = text("must be the name of a bucket.", (name) =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name),
);

/** Parses a rate such as "60,1": 60 at once, then 1 per second. */
export const bucketRate = (standard: string) =>
  text(
    "must be two numbers over 0, separated by a comma: how many at once, and how many per second.",
    (rate) => parseRate(rate) !== undefined,
  )
    .default(standard)
    .transform((rate): BucketRate => parseRate(rate) ?? z.NEVER);

/** Parses a number of things. */
export const count = (standard: string) =>
  text(
    "must be a number from 1 to 100000.",
    (number) => /^[1-9]\d{0,5}$/.test(number) && Number(number) <= 100_000,
  )
    .default(standard)
    .transform(Number);

/** The limits in memory use timers, which count at most 2^31 milliseconds. */
const MAX_LIMIT_SECONDS = 2_000_000;

/** Parses a limit such as "10,60": 10 at once, then one more every 60 seconds. */
export const rateLimit = (standard: string) =>
  text(
    "must be two whole numbers over 0 with a product under 2000000, separated by a comma: how many at once, and after how many seconds one more.",
    (limit) =>
      /^[1-9]\d{0,6},[1-9]\d{0,6}$/.test(limit) &&
      limit.split(",").reduce((product, part) => product * Number(part), 1) < MAX_LIMIT_SECONDS,
  )
    .default(standard)
    .transform((limit) => {
      const [burst = 1, secondsPerFurther = 1] = limit.split(",").map(Number);
      return { burst, secondsPerFurther };
    });

export const sinks = text(
  "must be 1 to 8 sinks with different names, separated by commas or spaces, each of the form name=file:///path, name=s3://bucket/prefix, name=syslog+tls://host, name=syslog+tcp://host:port or name=syslog+unix:///path.",
  (list) => (parseSinks(list) ?? []).length > 0,
);

export const networks = text(
  "must be a list of IP addresses or networks, separated by commas.",
  (list) => list.split(",").every((each) => isNetwork(each.trim())),
);

export const addressRanges = text(
  "must be a list of IP addresses or networks such as 10.0.0.0/8, separated by commas.",
  (list) => list.split(",").every((each) => isAddressRange(each.trim())),
);

/** Returns whether the text is a network or one of the names that Express knows. */
const isNetwork = (value: string): boolean =>
  ["loopback", "linklocal", "uniquelocal"].includes(value) || isAddressRange(value);

function isAddressRange(value: string): boolean {
  const { IPv4, IPv6 } = ipaddr;
  return isIP(value) !== 0 || IPv4.isValidCIDRFourPartDecimal(value) || IPv6.isValidCIDR(value);
}

/** Returns whether `read` reads the text without a LogError. */
function isReadable(read: () => readonly unknown[]): boolean {
  try {
    return read().length > 0;
  } catch (error) {
    if (error instanceof LogError) return false;
    throw error;
  }
}

export const witnesses = text(
  "must be at most 16 different witnesses, separated by commas or spaces, each written as key@URL, or as all:key@URL if it gets every log.",
  (list) => isReadable(() => parseWitnesses(list)),
);

export const approvers = text(
  "must be the verifier keys of 2 to 32 different people, separated by commas or spaces, each as sealdesk audit restore key prints it.",
  (list) => isReadable(() => parseApproverList(list)),
);
