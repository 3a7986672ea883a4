import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { openEnum, userId } from "./values.ts";

const staffRoles = ["agent", "supervisor", "admin", "bot", "archiver"] as const;

export const staffQuery = z.strictObject({
  role: z.optional(z.enum(staffRoles)),
  after: z.optional(userId),
});

export const staffPage = z
  .object({
    staff: z.array(
      z.object({ id: userId, role: openEnum(staffRoles), displayName: z.nullable(z.string()) }),
    ),
    next: z.nullable(userId).register(documentation, {
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "Staff" });
