import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { caseId, count } from "./values.ts";

const hash = z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/));

export const erasureNotices = z
  .object({
    checkpoint: z.string().register(documentation, {
      description: "C2SP tlog-checkpoint of the tenant's audit log; empty if there are no notices",
    }),
    notices: z.array(
      z.object({
        id: caseId,
        entries: z.array(
          z.object({
            entry: z.string().register(documentation, {
              description: "An entry `keys.destroy`, as it is hashed",
            }),
            index: count,
            proof: z.array(hash).register(documentation, {
              description: "RFC 9162 path in base64, from the leaf up",
            }),
          }),
        ),
      }),
    ),
  })
  .register(documentation, {
    id: "ErasureNotices",
    description: "At most 20, the earliest first",
  });
