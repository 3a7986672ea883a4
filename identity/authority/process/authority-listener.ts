import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import type { z } from "zod";
import { handoverBytes } from "../../../crypto/wire/authority-entry.ts";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import type { Secret } from "../../../keys/secret.ts";
import { ownKeyOf, signWithOwnKey } from "../kms-authority.ts";
import { newCertificate } from "../new-certificate.ts";
import { agreementMs, type Agreement } from "./agreements.ts";
import {
  CERTIFICATES_PATH,
  certificateRequest,
  handoverRequest,
  HANDOVERS_PATH,
  KEYS_PATH,
  keyRequest,
} from "./authority-api.ts";
import type { ListedStaff } from "./staff-list.ts";

export interface AuthorityProcess {
  readonly kms: Kms;
  /** Read for each request, so that a change of the list counts at once. */
  readonly staff: () => Promise<readonly ListedStaff[]>;
  /** The keys that the authority's keys may follow. Read for each request, too. */
  readonly agreements: () => Promise<readonly Agreement[]>;
  /** Only a server that knows it may ask. It does not decide what is certified. */
  readonly secret: Secret<string>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly body?: object;
}

const MOST_BYTES = 4_096;

/**
 * Answers the requests of a server. It certifies only accounts that the staff list has with this role
 * and this account key, and has keys only for tenants in the list. So a server cannot make it certify
 * anybody else.
 */
export function authorityListener(authority: AuthorityProcess): RequestListener {
  return (request, response) =>
    void answerTo(authority, request)
      .catch((error: unknown): Answer => {
        authority.onError(error);
        return { status: 500 };
      })
      .then(({ status, body = {} }) =>
        response
          .writeHead(status, { "content-type": "application/json" })
          .end(JSON.stringify(body)),
      );
}

async function answerTo(authority: AuthorityProcess, request: IncomingMessage): Promise<Answer> {
  if (!isAllowed(request, authority.secret)) return { status: 401 };
  const body = await readJson(request);
  switch (request.method === "POST" ? request.url : undefined) {
    case KEYS_PATH:
      return parsed(keyRequest, body, async ({ tenant }) => {
        const staff = await authority.staff();
        if (!staff.some((each) => each.tenant === tenant)) return { status: 404 };
        const publicKey = await ownKeyOf(authority.kms, tenant);
        return { status: 200, body: { publicKey: toBase64Url(publicKey) } };
      });
    case CERTIFICATES_PATH:
      return parsed(certificateRequest, body, (account) => certified(authority, account));
    case HANDOVERS_PATH:
      return parsed(handoverRequest, body, (handover) => followed(authority, handover));
    default:
      return { status: 404 };
  }
}

async function certified(
  { kms, staff, now }: AuthorityProcess,
  account: z.output<typeof certificateRequest>,
): Promise<Answer> {
  const { tenant, user, role, accountKey } = account;
  const listed = (await staff()).find(
    (each) =>
      each.tenant === tenant &&
      each.user === user &&
      each.role === role &&
      each.accountKey === toBase64Url(accountKey),
  );
  if (listed === undefined) return { status: 403 };
  const validity = { teams: listed.teams, fromMs: now() };
  const { text, signature } = await newCertificate(account, validity, (bytes) =>
    signWithOwnKey(kms, tenant, bytes),
  );
  const body = { text: toBase64Url(text), signature: toBase64Url(signature) };
  return { status: 200, body };
}

/** Signs a handover to the authority's key, within an hour of its operator's agreement. */
async function followed(
  { kms, agreements, now }: AuthorityProcess,
  { tenant, from, version, atMs }: z.output<typeof handoverRequest>,
): Promise<Answer> {
  const key = toBase64Url(from);
  const isAgreed = (await agreements()).some(
    (each) =>
      each.tenant === tenant &&
      each.formerKey === key &&
      now() - each.atMs <= agreementMs &&
      Math.abs(now() - atMs) <= agreementMs,
  );
  if (!isAgreed) return { status: 403 };
  const to = await ownKeyOf(kms, tenant);
  const statement = handoverBytes({ tenant, from, to, version, atMs });
  const signature = await signWithOwnKey(kms, tenant, statement);
  return { status: 200, body: { signature: toBase64Url(signature) } };
}

async function parsed<T>(
  schema: z.ZodType<T>,
  body: unknown,
  work: (request: T) => Promise<Answer>,
): Promise<Answer> {
  const { data } = schema.safeParse(body);
  return data === undefined ? { status: 400 } : work(data);
}

function isAllowed({ headers }: IncomingMessage, secret: Secret<string>): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${secret.reveal()}`));
}

/** Returns undefined for a body that is too long or no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BYTES) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } catch {
    return undefined;
  }
}
