import {
  OpenApiGeneratorV31,
  OpenAPIRegistry,
  type RouteConfig,
} from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import { noBody } from "./bodies/body-limit.ts";
import { problemKinds, type ProblemCode } from "./problems.ts";
import { isLimited, type AnyRoute, type RouteSpec } from "./route.ts";

const sessionProblems: readonly ProblemCode[] = [
  "missing_token",
  "invalid_token",
  "token_expired",
  "invalid_proof",
  "proof_reused",
  "session_revoked",
  "device_revoked",
  "tenant_suspended",
  "overloaded",
  "rate_limited",
];
const accessProblems = (access: RouteSpec["access"]): readonly ProblemCode[] => {
  if (access === "public") return [];
  return access === "connection" ? ["missing_token"] : sessionProblems;
};
const inputProblems: readonly ProblemCode[] = ["invalid_request"];
/** Of every route: a body that the route does not take is refused too. */
const headProblems: readonly ProblemCode[] = [
  "unsupported_media_type",
  "body_too_large",
  "not_ready",
];
const bodyProblems: readonly ProblemCode[] = ["body_too_late", "rate_limited", "overloaded"];

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    action: z
      .enum(["renew", "sign_in", "register_device", "wait", "sync", "rotate", "repeat", "hello"])
      .optional()
      .meta({ description: "What the client can do about it" }),
    reasons: z.array(z.string()).optional().meta({ description: "Why it is so, by code" }),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

// In OpenAPI 3.1, a body of bytes has no schema.
const binary = {};

/**
 * Generates the OpenAPI 3.1 document of these routes from the schemas that validate their requests.
 */
export function describeRoutes(
  routes: readonly AnyRoute[],
  publicUrl: string,
  version: string,
): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "accessToken", {
    type: "http",
    scheme: "DPoP",
    description: "An access token bound to a device key, RFC 9449",
  });
  registry.registerComponent("securitySchemes", "deviceProof", {
    type: "apiKey",
    in: "header",
    name: "DPoP",
    description: "A proof by that key for this request, RFC 9449 section 4; EdDSA only",
  });
  registry.registerComponent("securitySchemes", "relayConnection", {
    type: "apiKey",
    in: "header",
    name: "Relay-Connection",
    description: "The id that a hello was answered with; it serves as long as the connection",
  });
  for (const { spec } of routes) registry.registerPath(operationOf(spec));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Sealdesk control plane",
      version,
      description:
        "Sign-in, device directory, prekeys, conversations and attachments (tus 1.0). Messages travel over the relay's WebSocket or, where none is let through, over its HTTP exchanges.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl }],
  });
}

function operationOf(spec: RouteSpec): RouteConfig {
  const words = [spec.method, ...spec.path.split("/").map((part) => part.replaceAll(/\W/g, ""))];
  return {
    method: spec.method,
    // OpenAPI cannot describe a parameter that takes the rest of a path.
    path: spec.path.replaceAll("*}", "}"),
    summary: spec.summary,
    operationId: words.filter((word) => word !== "").join("_"),
    tags: [spec.tag],
    // Documents which audit entries a successful request writes.
    "x-audit": spec.audits,
    // Documents the largest body, and the milliseconds in which it must arrive.
    "x-body-limit": spec.bodyLimit ?? noBody,
    security: securityOf(spec.access),
    request: {
      ...(spec.params && { params: spec.params }),
      ...(spec.query && { query: spec.query }),
      ...(spec.headers && { headers: spec.headers }),
      ...(spec.stream !== undefined && {
        body: { required: true, content: { [spec.stream]: { schema: binary } } },
      }),
      ...(spec.body && {
        body: { required: true, content: { "application/json": { schema: spec.body } } },
      }),
    },
    responses: { ...answersOf(spec), ...problemsOf(spec) },
  };
}

function securityOf(access: RouteSpec["access"]): Record<string, string[]>[] {
  const connection = { relayConnection: [] };
  const session = { accessToken: [], deviceProof: [] };
  switch (access) {
    case "public":
      return [];
    case "connection":
      return [connection];
    case "connection-or-session":
      return [connection, session];
    default:
      return [session];
  }
}

function answersOf(spec: RouteSpec): RouteConfig["responses"] {
  return Object.fromEntries(
    Object.entries(spec.answers).map(
      ([status, { description, schema, bytes, type = "application/octet-stream" }]) => [
        status,
        {
          description,
          ...(schema && { content: { "application/json": { schema } } }),
          ...(bytes && { content: { [type]: { schema: binary } } }),
        },
      ],
    ),
  );
}

function problemsOf(spec: RouteSpec): RouteConfig["responses"] {
  const codes = new Set<ProblemCode>([
    ...accessProblems(spec.access),
    ...headProblems,
    ...(spec.path.startsWith("/v1/") ? (["origin_not_allowed"] as const) : []),
    ...((spec.params ?? spec.query ?? spec.headers ?? spec.body) ? inputProblems : []),
    ...(isLimited(spec) ? (["rate_limited"] as const) : []),
    ...(spec.body ? (["malformed_json"] as const) : []),
    ...(spec.bodyLimit ? bodyProblems : []),
    ...(spec.problems ?? []),
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = problemKinds[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: problem } },
      },
    ]),
  );
}
