import { problemDocument } from "../../contract/problem-document.ts";
import { problemKinds, type ProblemCode } from "../../contract/problems.ts";
import { scimError } from "../../contract/provisioning.ts";
import { JsonSchemas } from "./json-schemas.ts";
import { isLimited, type AnyRoute, type RouteSpec } from "./route.ts";
import { bodyLimits } from "../limits.ts";
import { isScim, SCIM_TYPE } from "./scim-error.ts";

const sessionProblems: readonly ProblemCode[] = [
  "missing_token",
  "invalid_token",
  "token_expired",
  "invalid_proof",
  "proof_reused",
  "session_revoked",
  "session_idle",
  "subject_erased",
  "device_revoked",
  "policy_changed",
  "tenant_suspended",
  "overloaded",
  "rate_limited",
];
const accessProblems = ({ access, isForEnrolment }: RouteSpec): readonly ProblemCode[] => {
  if (access === "public") return [];
  if (access === "monitor" || access === "api-key" || access === "operator-key")
    return ["missing_token", "invalid_token", "rate_limited"];
  if (access === "connection") return ["missing_token"];
  return isForEnrolment === true
    ? sessionProblems
    : [
        ...sessionProblems,
        "second_factor_enrolment_required",
        "step_up_required",
        "purpose_required",
      ];
};
const inputProblems: readonly ProblemCode[] = ["invalid_request"];
/** The problems of every route. A body that the route does not take is refused too. */
const headProblems: readonly ProblemCode[] = [
  "unsupported_media_type",
  "body_too_large",
  "not_ready",
];
const bodyProblems: readonly ProblemCode[] = ["body_too_late", "rate_limited", "overloaded"];

// The schema of a body of bytes. In OpenAPI 3.1, it is empty.
const binary = {};

/**
 * Generates the OpenAPI 3.1 document of these routes from the schemas that validate their requests.
 */
export function describeRoutes(
  routes: readonly AnyRoute[],
  publicUrl: string,
  version: string,
): object {
  const schemas = new JsonSchemas();
  const paths: Record<string, Record<string, object>> = {};
  for (const { spec } of routes) {
    // OpenAPI cannot describe a parameter that takes the rest of a path.
    const path = (paths[spec.path.replaceAll("*}", "}")] ??= {});
    path[spec.method] = operationOf(spec, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sealdesk control plane",
      version,
      description:
        "Sign-in, device directory, prekeys, conversations and attachments (tus 1.0). Messages travel over the relay's WebSocket or, where none is let through, over its HTTP exchanges. This document describes the answers of this version: a newer server may add members, which a client must leave out.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl }],
    components: { securitySchemes, schemas: schemas.components },
    paths,
  };
}

const typeOf = ({ mediaType = "application/json" }: RouteSpec): string => mediaType;

const securitySchemes = {
  accessToken: {
    type: "http",
    scheme: "DPoP",
    description: "An access token bound to a device key, RFC 9449",
  },
  deviceProof: {
    type: "apiKey",
    in: "header",
    name: "DPoP",
    description: "A proof by that key for this request, RFC 9449 section 4; EdDSA only",
  },
  relayConnection: {
    type: "apiKey",
    in: "header",
    name: "Relay-Connection",
    description: "The id that a hello was answered with; it serves as long as the connection",
  },
  monitorToken: {
    type: "http",
    scheme: "bearer",
    description:
      "The token that `sealdesk audit monitor add` prints, RFC 6750. It may also be the password of Basic, RFC 7617",
  },
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: "The API key that `sealdesk api-key add` prints, RFC 6750",
  },
  operatorKey: {
    type: "http",
    scheme: "bearer",
    description: "The key that `sealdesk operator-key add` prints, RFC 6750",
  },
} as const;

function operationOf(spec: RouteSpec, schemas: JsonSchemas): object {
  const words = [spec.method, ...spec.path.split("/").map((part) => part.replaceAll(/\W/g, ""))];
  const parameters = [
    ...schemas.parametersOf("path", spec.params),
    ...schemas.parametersOf("query", spec.query),
    // OpenAPI ignores the header Authorization here, which the security scheme is about.
    ...(spec.access === "monitor" ? [] : schemas.parametersOf("header", spec.headers)),
  ];
  return {
    summary: spec.summary,
    operationId: words.filter((word) => word !== "").join("_"),
    tags: [spec.tag],
    // Documents which audit entries a successful request writes.
    "x-audit": spec.audits,
    // Documents the largest body, and the milliseconds in which it must arrive.
    "x-body-limit": spec.bodyLimit ?? bodyLimits.none,
    security: securityOf(spec.access),
    ...(parameters.length > 0 && { parameters }),
    ...(spec.stream !== undefined && {
      requestBody: { required: true, content: { [spec.stream]: { schema: binary } } },
    }),
    ...(spec.body && {
      requestBody: {
        required: true,
        content: { [typeOf(spec)]: { schema: schemas.ofRequest(spec.body) } },
      },
    }),
    responses: { ...answersOf(spec, schemas), ...problemsOf(spec, schemas) },
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
    case "monitor":
      return [{ monitorToken: [] }];
    case "api-key":
      return [{ apiKey: [] }];
    case "operator-key":
      return [{ operatorKey: [] }];
    default:
      return [session];
  }
}

function answersOf(spec: RouteSpec, schemas: JsonSchemas): Record<string, object> {
  return Object.fromEntries(
    Object.entries(spec.answers).map(
      ([status, { description, schema, bytes, type = "application/octet-stream" }]) => [
        status,
        {
          description,
          ...(schema && {
            content: { [typeOf(spec)]: { schema: schemas.ofAnswer(schema) } },
          }),
          ...(bytes && { content: { [type]: { schema: binary } } }),
        },
      ],
    ),
  );
}

function problemsOf(spec: RouteSpec, schemas: JsonSchemas): Record<string, object> {
  const codes = new Set<ProblemCode>([
    ...accessProblems(spec),
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
        content: isScim(spec.path)
          ? { [SCIM_TYPE]: { schema: schemas.ofAnswer(scimError) } }
          : { "application/problem+json": { schema: schemas.ofAnswer(problemDocument) } },
      },
    ]),
  );
}
