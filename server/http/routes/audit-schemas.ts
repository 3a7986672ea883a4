import { z } from "zod";
import { uuid } from "../json-bytes.ts";

const digits = (description: string) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,14})$/)
    .transform(Number)
    .meta({ type: "string", pattern: "^[0-9]+$", description });

export const entryIndex = digits("An entry's index in the log");
const time = digits("Milliseconds since the Unix epoch");
const name = z.string().min(1).max(200);

export const auditQuery = z.strictObject({
  action: name.optional().meta({ description: 'Such as session.create, or "session." for all' }),
  actor: name.optional().meta({ description: "Who acted" }),
  subject: uuid.optional(),
  resource: name.optional().meta({ description: "The id of what was acted on" }),
  outcome: z.enum(["success", "refused", "failed", "impaired"]).optional(),
  from: time.optional(),
  until: time.optional(),
  after: entryIndex.optional(),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .default("100")
    .transform((limit) => Math.min(Number(limit), 500))
    .meta({ type: "string", description: "At most 500" }),
});

export const auditPage = z
  .strictObject({
    entries: z.array(
      z.strictObject({
        index: z.int().min(0),
        entry: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: "As it was logged" }),
        text: z.string().optional().meta({ description: "Bytes that are not one of our entries" }),
        base64: z.string().optional().meta({ description: "Bytes that are not text" }),
      }),
    ),
    after: z
      .int()
      .nullable()
      .meta({ description: "For the next page; null: the log ends here. A page may be empty" }),
  })
  .meta({ id: "AuditPage" });
