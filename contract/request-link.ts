import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { copyProgress, erasureProgress, requestState } from "./requests.ts";
import { slug } from "./sessions.ts";
import { bytes } from "./values.ts";

export const requestLink = z
  .strictObject({ tenant: slug, secret: bytes(32) })
  .register(documentation, { id: "RequestLink" });

export const linkedRequest = z
  .object({
    ...requestState,
    erasure: z.nullable(z.object(erasureProgress)),
    copy: z.nullable(z.object(copyProgress)),
  })
  .register(documentation, { id: "LinkedRequest" });

/** A certificate of the most items is smaller. */
const MOST_FILE_BYTES = 64 * 1024 * 1024;

export const linkedCertificate = z
  .object({ file: bytes(MOST_FILE_BYTES, "at most") })
  .register(documentation, { id: "LinkedCertificate" });
