/** The copies of people's data, as their devices take them over HTTP. */
import type { CaseId } from "../../crypto/wire/ids.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { Reply, TestDevice } from "./device.ts";
import { reached } from "./erasures.ts";
import type { TestServer } from "./server.ts";

export const beginExport = (
  device: TestDevice,
  request: string,
  id: CaseId = newId(),
): Promise<Reply> => device.request("POST", `/v1/requests/${request}/exports`, { body: { id } });

/** Begins an export and waits until the server has packed it. @returns its id */
export async function readyExport(
  server: TestServer,
  device: TestDevice,
  request: string,
): Promise<CaseId> {
  const id = newId<CaseId>();
  const { status } = await beginExport(device, request, id);
  if (status !== 204) throw new Error(`the export was not begun: ${status}`);
  await reached(server.database, id, "ready");
  return id;
}

/** Completes an export that has no files. @param record the digest of the record */
export const completeExport = (
  device: TestDevice,
  id: string,
  record: Uint8Array,
): Promise<Reply> =>
  device.request("POST", `/v1/exports/${id}/completion`, {
    body: {
      record: Buffer.from(record).toString("base64url"),
      files: Buffer.alloc(32, 1).toString("base64url"),
      parts: [],
    },
  });
