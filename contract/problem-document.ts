import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { openEnum } from "./values.ts";

/** What a client can do about a problem, if there is one right thing to do. */
const problemActions = [
  "renew",
  "sign_in",
  "register_device",
  "wait",
  "sync",
  "rotate",
  "repeat",
  "hello",
] as const;
export type ProblemAction = (typeof problemActions)[number];

/** The answer to a request that was refused or failed (RFC 9457). `code` is a `ProblemCode`. */
export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    action: z.optional(openEnum(problemActions)).register(documentation, {
      description: "What the client can do about it",
    }),
    reasons: z
      .optional(z.array(z.string()))
      .register(documentation, { description: "Why it is so, by code" }),
  })
  .register(documentation, { id: "Problem", description: "RFC 9457" });
