import { randomUUID } from "node:crypto";

/** The parts of a JSON schema in an OpenAPI 3.1 document that samples need. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly contentEncoding?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema?: Schema }>>;
  };
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A request of the documented form. */
export interface SampleRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** True if it needs no access token. */
  readonly isPublic: boolean;
}

/** Values of parameters and properties that a schema does not describe completely, by name. */
export type KnownValues = Readonly<Record<string, unknown>>;

/** Returns the schema that a reference leads to. */
function resolved(document: ApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const target = document.components.schemas[schema.$ref.split("/").at(-1) ?? ""];
  if (target === undefined) throw new Error(`the document lacks ${schema.$ref}`);
  return resolved(document, target);
}

/**
 * A value that has only what the schema requires.
 * @param isWhole instead, one with every member, and with one item in each array
 */
function sampleOf(
  document: ApiDocument,
  schema: Schema,
  known: KnownValues,
  name = "",
  isWhole = false,
): unknown {
  if (schema.const !== undefined) return schema.const;
  if (name in known) return known[name];
  const sample = (part: Schema) => sampleOf(document, part, known, name, isWhole);
  if (schema.$ref !== undefined) return sample(resolved(document, schema));
  const [choice] = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  if (choice !== undefined) return sample(choice);
  if (schema.enum !== undefined) return schema.enum[0];
  switch ([schema.type].flat()[0]) {
    case "object":
      return Object.fromEntries(
        (isWhole ? Object.keys(schema.properties ?? {}) : (schema.required ?? [])).map((each) => [
          each,
          sampleOf(document, schema.properties?.[each] ?? {}, known, each, isWhole),
        ]),
      );
    case "array":
      return Array.from({ length: schema.minItems ?? (isWhole ? 1 : 0) }, () =>
        sample(schema.items ?? {}),
      );
    case "integer":
    case "number":
      return Math.max(1, schema.minimum ?? 1);
    case "boolean":
      return false;
    default:
      return sampleText(schema);
  }
}

function sampleText({ format, contentEncoding, description = "", minLength = 1 }: Schema): string {
  if (format === "uuid") return randomUUID();
  if (contentEncoding === "base64url") {
    const bytes = Number(/(\d+) bytes/.exec(description)?.[1] ?? 1);
    return Buffer.alloc(bytes, 1).toString("base64url");
  }
  return "1".repeat(minLength);
}

/** One request for each operation of the document, in its order. */
export function sampleRequests(document: ApiDocument, known: KnownValues): SampleRequest[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const required = (operation.parameters ?? []).filter((each) => each.required === true);
      const valueOf = ({ name, schema }: Parameter) =>
        String(sampleOf(document, schema, known, name));
      const of = (place: Parameter["in"]) => required.filter((each) => each.in === place);
      const query = new URLSearchParams(
        Object.fromEntries(of("query").map((each) => [each.name, valueOf(each)])),
      );
      const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
      const headers = Object.fromEntries(of("header").map((each) => [each.name, valueOf(each)]));
      return {
        method: method.toUpperCase(),
        path:
          of("path").reduce((made, each) => made.replace(`{${each.name}}`, valueOf(each)), path) +
          (query.size > 0 ? `?${query.toString()}` : ""),
        isPublic: (operation.security ?? []).length === 0,
        headers: { ...headers, ...(type !== undefined && { "content-type": type }) },
        body:
          content?.schema === undefined || Object.keys(content.schema).length === 0
            ? undefined
            : JSON.stringify(sampleOf(document, content.schema, known)),
      };
    }),
  );
}

/** Returns a body with every member for each form that the operation's body can have. */
export function wholeBodies(
  document: ApiDocument,
  operation: Operation,
  known: KnownValues,
): readonly unknown[] {
  const { schema } = operation.requestBody?.content["application/json"] ?? {};
  if (schema === undefined) return [];
  const { oneOf, anyOf, ...alone } = resolved(document, schema);
  return (oneOf ?? anyOf ?? [alone]).map((each) => sampleOf(document, each, known, "", true));
}
