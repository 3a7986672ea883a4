import * as z from "zod/mini";
import { purposePattern } from "../policies/purpose-of-use.ts";

/** The header with which a request of staff states what it is for. */
export const PURPOSE_HEADER = "purpose-of-use";

/** Its value: one code. */
export const purposeOfUse = z.optional(z.string().check(z.regex(purposePattern)));
