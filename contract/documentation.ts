import * as z from "zod/mini";

/** What the OpenAPI document says of a schema: keywords of JSON Schema, which replace zod's own. */
interface Documentation {
  /** The schema becomes a component of this name. */
  readonly id?: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** zod's global registry belongs to the application that embeds the SDK. */
export const documentation = z.registry<Documentation>();
