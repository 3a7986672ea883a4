import { randomBytes } from "node:crypto";
import { z } from "zod";
import * as openid from "openid-client";
import { isSecureUrl } from "../../crypto/wire/secure-url.ts";
import type { Secret } from "../../keys/secret.ts";
import { OutgoingError } from "../outgoing/bounded-request.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { createClient } from "./provider-clients.ts";
import { tokenErrorOf } from "./token-error.ts";
import {
  algorithmsOf,
  endpointNames,
  providerAlgorithms,
  providerMetadata,
  type ProviderMetadata,
} from "./provider-metadata.ts";

/** The result of checking one part of a provider. */
export interface ProviderFinding {
  readonly part:
    "discovery" | "endpoints" | "algorithms" | "pkce" | "keys" | "client" | "redirect" | "logout";
  readonly verdict: "right" | "note" | "wrong";
  /** One sentence for the operator. */
  readonly sentence: string;
}

/** A provider as the operator names it. */
export interface InspectedProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret<string>;
  readonly redirectUris: readonly string[];
  /** The metadata that was stored when it was added. */
  readonly known?: ProviderMetadata;
}

export interface InspectionDeps {
  readonly fetch: ProviderFetch;
  /** Whether a provider may be reached over http on this machine. */
  readonly allowsHttp: boolean;
  /**
   * Whether the findings say how a request failed, and what was wrong with an answer. That describes the server's
   * network, so only the operator is told. A program is told the same of every URL that is not of a provider that works.
   */
  readonly tellsNetwork: boolean;
}

export interface ProviderReport {
  readonly findings: readonly ProviderFinding[];
  /** Undefined if the provider published none that can be used. */
  readonly metadata: ProviderMetadata | undefined;
}

const right = (part: ProviderFinding["part"], sentence: string): ProviderFinding => ({
  part,
  verdict: "right",
  sentence,
});
const note = (part: ProviderFinding["part"], sentence: string): ProviderFinding => ({
  part,
  verdict: "note",
  sentence,
});
const wrong = (part: ProviderFinding["part"], sentence: string): ProviderFinding => ({
  part,
  verdict: "wrong",
  sentence,
});

/**
 * Checks a provider against the real one: what it publishes, its keys, and whether it knows the client id
 * and the secret. For that it redeems a code that it never gave out.
 */
export async function inspectProvider(
  deps: InspectionDeps,
  given: InspectedProvider,
): Promise<ProviderReport> {
  const discovered = await discover(deps, given.issuer);
  if ("verdict" in discovered) return { findings: [discovered], metadata: undefined };
  const metadata = discovered;
  const findings = [
    right("discovery", "The provider publishes its metadata for this issuer."),
    inspectEndpoints(deps, metadata, given.known),
    inspectAlgorithms(metadata),
    inspectPkce(metadata),
    inspectLogout(metadata),
  ];
  if (findings.some(({ verdict }) => verdict === "wrong")) return { findings, metadata: undefined };
  const keys = await inspectKeys(deps, metadata);
  const client = await inspectClient(deps, given, metadata);
  return {
    findings: [...findings, keys, client],
    metadata: keys.verdict === "wrong" ? undefined : metadata,
  };
}

async function discover(
  { fetch, allowsHttp, tellsNetwork }: InspectionDeps,
  issuer: string,
): Promise<ProviderMetadata | ProviderFinding> {
  if (!isSecureUrl(issuer, allowsHttp) || issuer.includes("?"))
    return wrong(
      "discovery",
      "The issuer must be an https URL without a query, as the provider writes it.",
    );
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  let published: unknown;
  try {
    const response = await fetch(url);
    if (response.status !== 200)
      return wrong(
        "discovery",
        tellsNetwork
          ? `${url} answered ${response.status}. Compare the issuer with the provider's documentation.`
          : noUsableAnswer(url, tellsNetwork),
      );
    published = await response.json();
  } catch (error) {
    return wrong("discovery", noUsableAnswer(url, tellsNetwork, error));
  }
  const unusable = (sentence: string) =>
    wrong("discovery", tellsNetwork ? sentence : noUsableAnswer(url, tellsNetwork));
  const { data: named } = z.looseObject({ issuer: z.string() }).safeParse(published);
  if (named?.issuer !== issuer)
    return unusable(
      `${url} is about the issuer ${JSON.stringify(named?.issuer)}. Use that, character by character.`,
    );
  const parsed = providerMetadata.safeParse(published);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return unusable(
    `The metadata has no usable ${issue?.path.join(".") ?? "form"}. Every endpoint must be an https URL.`,
  );
}

function inspectEndpoints(
  { allowsHttp }: InspectionDeps,
  metadata: ProviderMetadata,
  known = metadata,
): ProviderFinding {
  const named = (holds: (name: (typeof endpointNames)[number]) => boolean) =>
    endpointNames.filter(holds).join(", ");
  const open = named((name) => {
    const url = metadata[name];
    return url !== undefined && !isSecureUrl(url, allowsHttp);
  });
  if (open !== "") return wrong("endpoints", `Not https: ${open}.`);
  const changed = named((name) => metadata[name] !== known[name]);
  return changed === ""
    ? right("endpoints", "All endpoints are https.")
    : wrong(
        "endpoints",
        `The provider has changed ${changed}. Remove the provider and add it again.`,
      );
}

function inspectAlgorithms(metadata: ProviderMetadata): ProviderFinding {
  const common = algorithmsOf(metadata);
  return common.length > 0
    ? right("algorithms", `ID tokens may be signed with ${common.join(", ")}.`)
    : wrong(
        "algorithms",
        `The provider signs with ${metadata.id_token_signing_alg_values_supported.join(", ")}. Sealdesk accepts ${providerAlgorithms.join(", ")}.`,
      );
}

function inspectPkce({
  code_challenge_methods_supported: methods,
}: ProviderMetadata): ProviderFinding {
  if (methods === undefined)
    return note(
      "pkce",
      "The provider does not say whether it supports PKCE with S256. Sealdesk always sends it.",
    );
  return methods.includes("S256")
    ? right("pkce", "The provider supports PKCE with S256.")
    : wrong("pkce", "The provider does not support PKCE with S256 (RFC 7636).");
}

const inspectLogout = ({
  backchannel_logout_supported: isSupported,
}: ProviderMetadata): ProviderFinding =>
  isSupported === true
    ? right(
        "logout",
        "The provider supports back-channel logout. Register the back-channel logout URI there.",
      )
    : note(
        "logout",
        "The provider does not say that it supports back-channel logout. Without it, a session here ends after 12 hours at most.",
      );

async function inspectKeys(
  { fetch, tellsNetwork }: InspectionDeps,
  metadata: ProviderMetadata,
): Promise<ProviderFinding> {
  try {
    const response = await fetch(metadata.jwks_uri);
    const { keys } = z
      .object({ keys: z.array(z.looseObject({ kty: z.string() })) })
      .parse(await response.json());
    const usable = keys.filter(
      ({ kty, use }) => ["RSA", "EC", "OKP"].includes(kty) && (use === undefined || use === "sig"),
    );
    if (usable.length > 0)
      return right("keys", `The provider publishes ${usable.length} key(s) for signatures.`);
    const sentence = "The provider publishes no key for signatures.";
    return wrong("keys", tellsNetwork ? sentence : noUsableAnswer(metadata.jwks_uri, tellsNetwork));
  } catch (error) {
    return wrong("keys", noUsableAnswer(metadata.jwks_uri, tellsNetwork, error));
  }
}

async function inspectClient(
  deps: InspectionDeps,
  { issuer, clientId, clientSecret, redirectUris }: InspectedProvider,
  metadata: ProviderMetadata,
): Promise<ProviderFinding> {
  const { config } = createClient({ issuer, clientId, metadata }, clientSecret.reveal(), deps);
  const redirect = new URL(redirectUris[0] ?? "https://invalid.example/");
  redirect.searchParams.set("code", randomBytes(16).toString("hex"));
  if (metadata.authorization_response_iss_parameter_supported === true)
    redirect.searchParams.set("iss", issuer);
  try {
    await openid.authorizationCodeGrant(config, redirect, {
      pkceCodeVerifier: openid.randomPKCECodeVerifier(),
      expectedState: openid.skipStateCheck,
    });
  } catch (error) {
    const refusal = tokenErrorOf(error);
    // A program is not told that something answered that is no token endpoint.
    switch (refusal === "other" && !deps.tellsNetwork ? undefined : refusal) {
      case "client_refused":
        return wrong("client", "The provider refuses the client id or the secret.");
      case "code_refused":
        return right("client", "The provider accepts the client id and the secret.");
      case "other":
        return note("client", "The provider does not say whether client id and secret are right.");
      case undefined:
        return wrong("client", noUsableAnswer(metadata.token_endpoint, deps.tellsNetwork, error));
    }
  }
  return wrong("client", "The provider accepted a code that it never gave out.");
}

const noUsableAnswer = (url: string, tellsNetwork: boolean, error?: unknown): string => {
  if (!tellsNetwork)
    return `${url} gave no usable answer. The operator finds the reason with \`sealdesk idp add\` or \`sealdesk idp test\`.`;
  return isPrivateAddress(error)
    ? `${url} has a private address. Name its network in OUTGOING_NETWORKS, for the server and for this command.`
    : `${url} gave no usable answer (${codeOf(error)}).`;
};

const isPrivateAddress = (error: unknown): boolean =>
  [error, (error as { readonly cause?: unknown } | undefined)?.cause].some(
    (each) => each instanceof OutgoingError && each.code === "address_not_allowed",
  );

/** Returns the code or the class of an error: its message may contain anything. */
function codeOf(error: unknown): string {
  const { code, cause, name } = (error ?? {}) as {
    code?: unknown;
    cause?: { code?: unknown };
    name?: unknown;
  };
  const found = [cause?.code, code, name].find((each): each is string => typeof each === "string");
  return found ?? "no answer";
}
