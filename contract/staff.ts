import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { openEnum, uuid } from "./values.ts";

const staffRoles = ["agent", "supervisor", "admin", "bot"] as const;

export const staffQuery = z.strictObject({
  role: z.optional(z.enum(staffRoles)),
  after: z.optional(uuid),
});

export const staffPage = z
  .object({
    staff: z.array(
      z.object({ id: uuid, role: openEnum(staffRoles), displayName: z.nullable(z.string()) }),
    ),
    next: z.nullable(uuid).register(documentation, {
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "Staff" });
