import * as z from "zod/mini";
import { documentation } from "./documentation.ts";

/** The URNs of schemas and messages of SCIM 2.0 (RFC 7643 section 8.7, RFC 7644 section 8.2). */
export const scimUrns = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  schema: "urn:ietf:params:scim:schemas:core:2.0:Schema",
  resourceType: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
  config: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
} as const;

/** The most resources of a page, operations of a PATCH, and members in a request. */
export const scimLimits = { page: 100, operations: 100, members: 1_000 } as const;

const slug = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/));
const tenant = slug.register(documentation, { description: "The tenant's short name" });
const provider = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
  .register(documentation, { description: "The name of the identity provider" });
const id = z.string().check(z.minLength(1), z.maxLength(256));

export const provisioningParams = z.strictObject({ tenant, provider });
export const provisionedParams = z.strictObject({ tenant, provider, id });

const integer = z.string().check(z.regex(/^-?\d{1,9}$/));
/** Parameters that are not listed have no effect (RFC 7644 section 3.9). */
export const provisioningQuery = z.object({
  filter: z.optional(z.string().check(z.maxLength(4_096))),
  startIndex: z.optional(integer),
  count: z.optional(integer),
  excludedAttributes: z.optional(z.string().check(z.maxLength(1_024))),
});

const text = z.string().check(z.maxLength(1_024));
const optionalText = z.optional(z.nullable(text));
const schemasWith = (urn: string) =>
  z.array(z.string().check(z.maxLength(256))).check(
    z.maxLength(32),
    z.refine((urns) => urns.some((each) => each.toLowerCase() === urn.toLowerCase())),
  );

/** A User that an identity provider writes. Attributes that are not listed are dropped. */
export const sentPerson = z.object({
  schemas: schemasWith(scimUrns.user),
  userName: text,
  displayName: optionalText,
  name: z.optional(
    z.nullable(
      z.object({ formatted: optionalText, givenName: optionalText, familyName: optionalText }),
    ),
  ),
  externalId: optionalText,
  active: z.optional(z.nullable(z.union([z.boolean(), z.string().check(z.maxLength(16))]))),
});

/** A Group that an identity provider writes. */
export const sentGroup = z.object({
  schemas: schemasWith(scimUrns.group),
  displayName: text,
  externalId: optionalText,
  members: z.optional(
    z.nullable(z.array(z.object({ value: text })).check(z.maxLength(scimLimits.members))),
  ),
});

/** A PATCH (RFC 7644 section 3.5.2). */
export const sentPatch = z.object({
  schemas: schemasWith(scimUrns.patch),
  Operations: z
    .array(
      z.object({
        op: z.string().check(z.maxLength(16)),
        path: z.optional(text),
        value: z.optional(z.unknown()),
      }),
    )
    .check(z.minLength(1), z.maxLength(scimLimits.operations)),
});

const meta = z.object({
  resourceType: z.string(),
  created: z.string(),
  lastModified: z.string(),
  location: z.string(),
});

export const scimUser = z
  .object({
    schemas: z.array(z.string()),
    id: z.string(),
    externalId: z.optional(z.string()),
    userName: z.string(),
    displayName: z.optional(z.string()),
    active: z.boolean(),
    meta,
  })
  .register(documentation, { id: "ScimUser" });

export const scimGroup = z
  .object({
    schemas: z.array(z.string()),
    id: z.string(),
    externalId: z.optional(z.string()),
    displayName: z.string(),
    members: z.optional(z.array(z.object({ value: z.string() }))),
    meta,
  })
  .register(documentation, { id: "ScimGroup" });

const listOf = <T extends z.core.$ZodType>(resource: T) =>
  z.object({
    schemas: z.array(z.string()),
    totalResults: z.number(),
    startIndex: z.number(),
    itemsPerPage: z.number(),
    Resources: z.array(resource),
  });

export const scimUsers = listOf(scimUser).register(documentation, { id: "ScimUsers" });
export const scimGroups = listOf(scimGroup).register(documentation, { id: "ScimGroups" });

/** What the server says of itself: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 sections 5 to 7). */
export const scimDescription = z.record(z.string(), z.unknown());

/** An error (RFC 7644 section 3.12). */
export const scimError = z
  .object({
    schemas: z.array(z.string()),
    status: z.string(),
    scimType: z.optional(z.string()),
    detail: z.string(),
  })
  .register(documentation, { id: "ScimError" });
