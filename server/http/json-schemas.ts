import * as z from "zod/mini";
import { documentation } from "../../contract/documentation.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A parameter of a request in an OpenAPI document. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

/** Returns the JSON Schema of text that a device writes. Other versions may add members. */
export const jsonSchemaOf = (schema: z.core.$ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: "input", metadata: documentation, unrepresentable: "any" });

/** Converts schemas to JSON Schema, and collects those that have an id as components. */
export class JsonSchemas {
  readonly components: Record<string, JsonSchema> = {};
  /** What was converted before. Most routes share their problems' schema. */
  readonly #converted = {
    input: new Map<z.core.$ZodType, JsonSchema>(),
    output: new Map<z.core.$ZodType, JsonSchema>(),
  };

  /** The text that a request must have. Its strict objects refuse further members. */
  readonly ofRequest = (schema: z.core.$ZodType): JsonSchema => this.#convert(schema, "input");

  /** The text that this version answers with. It has no members that are not documented. */
  readonly ofAnswer = (schema: z.core.$ZodType): JsonSchema => this.#convert(schema, "output");

  /** Returns the members of an object as parameters. */
  parametersOf(place: Parameter["in"], schema: z.ZodMiniObject | undefined): Parameter[] {
    if (schema === undefined) return [];
    const { properties = {}, required = [] } = this.ofRequest(schema);
    return Object.entries(properties as Record<string, JsonSchema>).map(([name, each]) => ({
      name,
      in: place,
      required: required.includes(name),
      ...(each.description !== undefined && { description: each.description }),
      schema: each,
    }));
  }

  #convert(schema: z.core.$ZodType, io: "input" | "output"): JsonSchema {
    const known = this.#converted[io].get(schema);
    if (known !== undefined) return known;
    const converted = z.toJSONSchema(schema, {
      io,
      metadata: documentation,
      // In an answer, the bytes and dates of a codec. Its documentation says what their text is.
      unrepresentable: "any",
    });
    const text = JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/');
    const { $schema: _, $defs = {}, ...json } = JSON.parse(text) as JsonSchema;
    Object.assign(this.components, $defs);
    this.#converted[io].set(schema, json);
    return json;
  }
}
