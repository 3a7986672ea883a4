/** Checks for the larger arguments of the public functions. */
import {
  bool,
  duration,
  func,
  given,
  integer,
  invalidArgument,
  listOf,
  object,
  oneOf,
  optional,
  text,
  uuid,
  withMethods,
  type Check,
} from "./arguments.ts";
import { grantPurposes } from "../crypto/wire/receipt.ts";
import { resetReasons } from "../contract/devices.ts";
import { parseApprovers } from "../audit/verify/approvers.ts";
import { MOST_WITNESSES, quorumOf } from "../audit/verify/witness-policy.ts";
import { parseAuthorityKey } from "./device/authority.ts";
import type { GrantRequest, HistoryRequest } from "./history/history-granter.ts";
import { deviceChecks } from "./key-log/checks.ts";
import { logKeyOf } from "./key-log/kept-head.ts";
import type { KeyLogWitnesses } from "./options.ts";

/** The longest name, password, token or code. A server refuses much shorter ones. */
const longestText = 16 * 1024;

const parsableUrl: Check = (value, name) => {
  text(longestText)(value, name);
  if (!URL.canParse(value as string)) throw invalidArgument(name, "an absolute URL");
};

export const webUrl: Check = (value, name) => {
  text(longestText)(value, name);
  const url = URL.canParse(value as string) ? new URL(value as string) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    throw invalidArgument(name, "an absolute URL that begins with https:// or http://");
};

/** The fields of each kind of credentials. */
const ofGrant = {
  password: {
    username: text(longestText),
    password: text(longestText),
    secondFactor: optional(func),
  },
  customer_token: { token: func, subject: optional(text(longestText)), fresh: optional(bool) },
  anonymous: {},
  passkey: { passkey: func, subject: optional(text(longestText)) },
  oidc: {
    provider: text(longestText),
    redirectUri: parsableUrl,
    authorize: func,
    subject: optional(text(longestText)),
    issuer: optional(text(longestText)),
    clientId: optional(text(longestText)),
    authorizationEndpoint: optional(text(longestText)),
    scopes: optional(listOf(text(longestText), 16)),
    fresh: optional(bool),
  },
};

const credentials: Check = (value, name) => {
  const grants = oneOf(...Object.keys(ofGrant));
  object({ grant: grants, tenant: text(longestText) })(value, name);
  const { grant } = value as { readonly grant: keyof typeof ofGrant };
  object(ofGrant[grant])(value, name);
};

const verifierKey: Check = (value, name) => {
  text(longestText)(value, name);
  try {
    logKeyOf(value as string);
  } catch (cause) {
    throw invalidArgument(name, "a verifier key, as `sealdesk audit vkey --keys` prints it", cause);
  }
};

const authorityKey: Check = (value, name) => {
  text(longestText)(value, name);
  if (parseAuthorityKey(value as string) === undefined)
    throw invalidArgument(name, "a key as `sealdesk authority key` prints it");
};

const approvers: Check = (value, name) => {
  listOf(text(longestText), 32)(value, name);
  try {
    parseApprovers(deviceChecks.sha256, value as readonly string[]);
  } catch (cause) {
    throw invalidArgument(
      name,
      "the verifier keys of 2 to 32 different people, as `sealdesk audit restore key` prints them",
      cause,
    );
  }
};

const witnesses: Check = (value, name) => {
  object({ keys: listOf(text(longestText), MOST_WITNESSES), quorum: integer(1) })(value, name);
  try {
    quorumOf(deviceChecks.sha256, value as KeyLogWitnesses);
  } catch (cause) {
    throw invalidArgument(
      name,
      "verifier keys of different witnesses, and a quorum that is not more than their number",
      cause,
    );
  }
};

const connectFields = object({
  url: webUrl,
  credentials,
  suite: optional(withMethods("a cipher suite", "createIdentity", "seal", "open")),
  store: withMethods("a store that `openStore` opened", "transact", "read", "close"),
  keyLog: optional(verifierKey),
  keyLogWitnesses: optional(witnesses),
  authority: optional(authorityKey),
  restoreApprovers: optional(approvers),
  purposeOfUse: optional(func),
  webSocket: optional(func),
  backoff: optional(
    object({
      baseMs: optional(duration),
      capMs: optional(duration),
      stableMs: optional(duration),
      upgradeMs: optional(duration),
    }),
  ),
  keepalive: optional(object({ quietMs: optional(duration), answerMs: optional(duration) })),
  runtime: optional(object({})),
});

/** Witnesses cosign any log. Only with its key does a device know which log they are to vouch for. */
export const connectOptions: Check = (value, name) => {
  connectFields(value, name);
  const { keyLog, keyLogWitnesses } = value as { keyLog?: string; keyLogWitnesses?: unknown };
  if (keyLogWitnesses !== undefined && keyLog === undefined)
    throw invalidArgument(
      `${name}.keyLog`,
      "the verifier key of the log that the witnesses cosign",
    );
};

export const breakGlass = optional(object({ request: uuid, untilMs: integer(0) }));

export const role = text(64);
export const code = text(longestText);
export const secret = text(longestText);

export const factorCode: Check = (value, name) => {
  object({ totp: optional(text(64)), recoveryCode: optional(text(64)) })(value, name);
  const { totp, recoveryCode } = value as { totp?: unknown; recoveryCode?: unknown };
  if ((totp === undefined) === (recoveryCode === undefined))
    throw invalidArgument(name, "an object with `totp` or with `recoveryCode`");
};
export const passkeyName = text(64);
export const newPasskey = object({ name: passkeyName, password: optional(secret) });
export const presence = oneOf("online", "idle");
export const resetReason = oneOf(...resetReasons);
export const approval = object({ history: optional(bool) });
export const opening = object({ with: listOf(uuid, 10_000) });
export const reading = object({
  after: optional(integer(0)),
  restores: optional(integer(0)),
  signal: optional(withMethods("an AbortSignal", "addEventListener", "removeEventListener")),
});
export const message = text();
export const position = integer(0);

export const outgoingFile = object({
  name: text(),
  type: text(),
  size: optional(integer(0)),
  onProgress: optional(func),
});

const grant = object({
  to: uuid,
  devices: optional(listOf(uuid, 10_000)),
  fromSeq: integer(0),
  toSeq: integer(0),
  purpose: oneOf(...grantPurposes),
  consent: optional(uuid),
});

export function grantRequest(value: GrantRequest, name: string): HistoryRequest {
  grant(value, name);
  const { to, devices, consent, ...range } = value;
  return {
    ...range,
    to: given(to, `${name}.to`),
    ...(devices && { devices: devices.map((device) => given(device, `${name}.devices`)) }),
    ...(consent !== undefined && { consent: given(consent, `${name}.consent`) }),
  };
}

/** The name of a database, or a database of the application's own. */
export const storeLocation: Check = (value, name) => {
  if (typeof value === "object" && value !== null)
    return withMethods(
      "a text or a database",
      "open",
      "close",
      "getMany",
      "batch",
      "iterator",
    )(value, name);
  text(longestText)(value, name);
  if (value === "") throw invalidArgument(name, "a text that is not empty");
};

export const storeSecret: Check = (value, name) => {
  const isKey = Object.prototype.toString.call(value) === "[object Uint8Array]";
  if (isKey ? (value as Uint8Array).length !== 32 : typeof value !== "string" || value === "")
    throw invalidArgument(name, "a key of 32 bytes as a Uint8Array, or a passphrase as a string");
  if (!isKey) text(longestText)(value, name);
};

export const storeLocks = optional(withMethods("the Web Locks of the platform", "request"));
