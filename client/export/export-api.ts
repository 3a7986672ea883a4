import type * as z from "zod/mini";
import {
  completedExport,
  exportManifest,
  newExport,
  shownExport,
  takenPage,
  takenRecord,
} from "../../contract/exports.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { nothing, writeBody } from "../http/messages.ts";
import type { Request } from "../http/transport.ts";

/** Creates the calls about the copy of a person's data. */
export const exportApi = (request: Request) => ({
  begin: (of: CaseId, id: CaseId) =>
    request({
      method: "POST",
      path: `v1/requests/${of}/exports`,
      body: writeBody(newExport, { id }),
      answer: nothing,
    }),
  show: (id: CaseId) => request({ method: "GET", path: `v1/exports/${id}`, answer: shownExport }),
  record: (id: CaseId) =>
    request({ method: "GET", path: `v1/exports/${id}/record`, answer: takenRecord }),
  page: async (id: CaseId, number: number) =>
    (await request({ method: "GET", path: `v1/exports/${id}/pages/${number}`, answer: takenPage }))
      .frames,
  complete: async (id: CaseId, written: z.output<typeof completedExport>) =>
    (
      await request({
        method: "POST",
        path: `v1/exports/${id}/completion`,
        body: writeBody(completedExport, written),
        answer: exportManifest,
      })
    ).file,
});

export type ExportApi = ReturnType<typeof exportApi>;
export type ExportPage = z.output<typeof shownExport>["pages"][number];
/** A published schema of files of the copy. */
export type ExportSchema = z.output<typeof takenRecord>["schemas"][number];
