/** What people ask for by law, as devices and officers do it. */
import type { Reply, TestDevice } from "./device.ts";

export const askFor = (device: TestDevice, right: string, more: object = {}): Promise<Reply> =>
  device.request("POST", "/v1/requests", { body: { right, ...more } });

export const recordFor = (
  staff: TestDevice,
  user: string,
  right: string,
  more: object = {},
): Promise<Reply> =>
  staff.request("POST", `/v1/users/${user}/requests`, { body: { right, ...more } });

export const decide = (
  officer: TestDevice,
  id: string,
  decision: string,
  more: object = {},
): Promise<Reply> =>
  officer.request("POST", `/v1/requests/${id}/decision`, { body: { decision, ...more } });

export const extend = (officer: TestDevice, id: string): Promise<Reply> =>
  officer.request("POST", `/v1/requests/${id}/extension`, {
    body: { reason: "the records are many" },
  });

/** The rules with which each tenant begins. */
export const initialRules = { timeZone: "UTC", holidays: [], laws: [{ law: "gdpr" }] };

export const setRules = (officer: TestDevice, content: object): Promise<Reply> =>
  officer.request("PUT", "/v1/request-rules", { body: { content } });
