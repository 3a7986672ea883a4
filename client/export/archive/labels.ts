/** What people and times are called in an archive. Members of staff are named by role and number: their names are theirs. */
import type { ExportRecord } from "../../../contract/export-record.ts";

const roleNames: Readonly<Record<string, string>> = {
  customer: "Customer",
  agent: "Agent",
  supervisor: "Supervisor",
  moderator: "Moderator",
  compliance_officer: "Compliance officer",
  privacy_officer: "Privacy officer",
  auditor: "Auditor",
  admin: "Administrator",
  bot: "Program",
  archiver: "Records archive",
};

export const roleName = (role: string): string => roleNames[role] ?? role;

/** Returns the name of each account in the archive: "You", "Agent 1", "Agent 2" and the like. */
export function namesIn({ account, recipients }: ExportRecord): (user: string | null) => string {
  const counts = new Map<string, number>();
  const names = new Map<string, string>([[account.id, "You"]]);
  for (const { user, role } of recipients) {
    const number = (counts.get(role) ?? 0) + 1;
    counts.set(role, number);
    names.set(user, `${roleName(role)} ${number}`);
  }
  return (user) => (user === null ? "Somebody" : (names.get(user) ?? "Somebody"));
}

/** Writes times in the time zone of the device that wrote the archive. */
export interface Times {
  readonly zone: string;
  day(ms: number): string;
  clock(ms: number): string;
  moment(ms: number): string;
  /** The same in UTC, for a machine. */
  utc(ms: number): string;
}

/** The latest time that a date can hold (ECMA-262 section 21.4.1.1). A server may give a later one. */
const latestMs = 8_640_000_000_000_000;

export function timesIn(zone: string): Times {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const written = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    return (ms: number) => written.format(Math.min(ms, latestMs));
  };
  return {
    zone,
    day: format({ day: "numeric", month: "long", year: "numeric" }),
    clock: format({ hour: "2-digit", minute: "2-digit" }),
    moment: format({
      day: "numeric",
      month: "long",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    }),
    utc: (ms) => new Date(Math.min(ms, latestMs)).toISOString(),
  };
}

/** Writes a number of things. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

const unitNames = ["bytes", "KB", "MB", "GB"];

/** Writes a size as people do. */
export function sizeOf(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < unitNames.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit === 0 ? size : size.toFixed(1)} ${unitNames[unit] ?? ""}`;
}
