/** Restrictions of processing, as officers place and lift them. */
import type { Reply, TestDevice } from "./device.ts";

export const restrict = (
  officer: TestDevice,
  subject: string,
  conversations?: readonly string[],
): Promise<Reply> =>
  officer.request("POST", "/v1/restrictions", { body: { subject, conversations } });

/** Announces the end of a restriction. */
export const lift = (officer: TestDevice, id: string, noticeHours = 0): Promise<Reply> =>
  officer.request("POST", `/v1/restrictions/${id}/lifting`, { body: { noticeHours } });
