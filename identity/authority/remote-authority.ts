import type { z } from "zod";
import { equalBytes, toBase64Url } from "../../crypto/wire/bytes.ts";
import type { Secret } from "../../keys/secret.ts";
import { IdentityError } from "../identity-error.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Authority, Heir } from "./authority.ts";
import {
  CERTIFICATES_PATH,
  certificateAnswer,
  handoverAnswer,
  HANDOVERS_PATH,
  KEYS_PATH,
  keyAnswer,
} from "./process/authority-api.ts";

/** The place of an authority that is a process of its own. */
export interface AuthorityLocation {
  /** Without a slash at its end. */
  readonly url: string;
  readonly secret: Secret<string>;
}

const ANSWER_MS = 10_000;

/** The authority as a process of its own. The server has its public key only, and cannot certify. */
export const remoteAuthority = (location: AuthorityLocation): Authority => ({
  async keysAfter(tenant, last) {
    const publicKey = await keyOf(location, tenant);
    if (last === undefined) return [{ publicKey, handover: undefined }];
    if (equalBytes(last.publicKey, publicKey)) return [];
    throw new IdentityError(
      "authority_key_unknown",
      "The key log has another key than the authority. Hand over to its key: sealdesk authority rotate.",
    );
  },
  certify({ tenant, user, accountKey, role }) {
    const body = { tenant, user, accountKey: toBase64Url(accountKey), role };
    return ask(location, CERTIFICATES_PATH, body, certificateAnswer);
  },
});

/**
 * Returns the key of the process, to which the authority in the server can hand over.
 * @throws IdentityError authority_unreachable, authority_key_unknown: its staff list has nobody of the tenant
 */
export const remoteHeir = async (location: AuthorityLocation, tenant: TenantId): Promise<Heir> => ({
  publicKey: await keyOf(location, tenant),
  async follow({ from, version, atMs }) {
    const body = { tenant, from: toBase64Url(from), version, atMs };
    const answer = await ask(location, HANDOVERS_PATH, body, handoverAnswer);
    if (answer !== undefined) return answer.signature;
    throw new IdentityError(
      "handover_not_agreed",
      "The authority's operator must agree first. Let them run, on the authority's machine: " +
        `sealdesk authority follow --tenant ${tenant} --former-key ${toBase64Url(from)}. Then repeat this within an hour.`,
    );
  },
});

async function keyOf(location: AuthorityLocation, tenant: TenantId): Promise<Uint8Array> {
  const answer = await ask(location, KEYS_PATH, { tenant }, keyAnswer);
  if (answer !== undefined) return answer.publicKey;
  throw new IdentityError(
    "authority_key_unknown",
    "The authority's staff list has nobody of this tenant. Add them: sealdesk authority staff add.",
  );
}

/** @returns undefined if the authority refuses */
async function ask<T>(
  { url, secret }: AuthorityLocation,
  path: string,
  body: object,
  answer: z.ZodType<T>,
): Promise<T | undefined> {
  let status: number;
  let shown: unknown;
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${secret.reveal()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    ({ status } = response);
    shown = await response.json();
  } catch (cause) {
    throw unreachable("could not be reached", cause);
  }
  if (status === 403 || status === 404) return undefined;
  if (status !== 200) throw unreachable(`answered ${status}`);
  const { data } = answer.safeParse(shown);
  if (data === undefined) throw unreachable("gave an answer that is not valid");
  return data;
}

const unreachable = (what: string, cause?: unknown): IdentityError =>
  new IdentityError("authority_unreachable", `The authority at AUTHORITY_URL ${what}.`, { cause });
