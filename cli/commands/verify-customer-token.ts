import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { findTenant, type Tenant } from "../../identity/accounts/tenant.ts";
import { CustomerKeyFinder } from "../../identity/tokens/customer-keys/customer-key-finder.ts";
import { fetchKeySet } from "../../identity/tokens/customer-keys/fetch-key-set.ts";
import type { Finding } from "../../identity/tokens/customer-token/finding.ts";
import {
  inspectCustomerToken,
  type CustomerTokenReport,
} from "../../identity/tokens/customer-token/inspect-token.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** The largest length that signInBody accepts. */
const MAX_TOKEN_LENGTH = 8192;

export interface VerifyTokenOptions {
  readonly tenant: string;
  /**
   * A file with the token. The default is standard input. It is never an argument, because other
   * users can see those.
   */
  readonly tokenFile?: string;
  readonly audience?: string;
  readonly thumbprint?: string;
}

/**
 * Tells the developer of a tenant's backend how the server judges a customer token, claim by claim.
 * It changes nothing and signs nobody in.
 * @returns the text to print, and whether the token would be accepted
 */
export async function verifyCustomerTokenCommand(
  settings: Settings,
  options: VerifyTokenOptions,
): Promise<{ readonly report: string; readonly accepted: boolean }> {
  const token = await readToken(options.tokenFile);
  const tenant = await withDatabase(settings, ({ pool }) => findTenant(pool, options.tenant));
  if (tenant === undefined)
    throw new CommandError(
      `There is no tenant ${options.tenant}. "tenant" in the SDK's credentials and "iss" are the slug that sealdesk tenant create was given.`,
    );
  const nowMs = Date.now();
  const keys = new CustomerKeyFinder({
    fetch: (url) => fetchKeySet(url, settings.outgoing),
    onFailed: () => undefined,
  });
  const report = await inspectCustomerToken(token, keys.of(tenant, nowMs), {
    issuer: tenant.slug,
    audience: options.audience ?? settings.publicUrl,
    thumbprint: options.thumbprint,
    nowMs,
  });
  const lines = [...report.findings.map(line), verdict(report, tenant)];
  return {
    report: lines.join("\n"),
    accepted: report.refusal === undefined && tenant.suspendedAtMs === null,
  };
}

async function readToken(path: string | undefined): Promise<string> {
  if (path === undefined && process.stdin.isTTY)
    process.stderr.write("Paste the token, then press Enter and Ctrl-D.\n");
  const read = path === undefined ? text(process.stdin) : readFile(path, "utf8");
  const token = (
    await read.catch((cause: unknown) => {
      throw new CommandError("The token cannot be read.", { cause });
    })
  ).trim();
  if (token === "")
    throw new CommandError("There is no token to verify; give one on standard input.");
  if (token.length > MAX_TOKEN_LENGTH)
    throw new CommandError(`A token has at most ${MAX_TOKEN_LENGTH} characters.`);
  return token;
}

const line = ({ part, refusal, sentence }: Finding): string =>
  `${refusal === undefined ? "right" : "WRONG"}  ${part.padEnd(9)}  ${sentence}${refusal === undefined ? "" : ` (${refusal})`}`;

function verdict({ refusal }: CustomerTokenReport, { suspendedAtMs }: Tenant): string {
  if (refusal !== undefined) return `The server refuses this token: ${refusal}.`;
  return suspendedAtMs === null
    ? "The server accepts this token."
    : "The token is right, but the tenant is suspended, so nobody of it signs in.";
}
