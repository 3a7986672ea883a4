import { applicableLaws, givingLaws } from "../../../policies/deadlines/applicable-laws.ts";
import { decideErasable, erasureProvisions } from "../../../policies/erasures.ts";
import {
  decideByLink,
  decideCopy,
  decideReceipt,
  nextReminderMs,
} from "../../../policies/requests.ts";

const DAY_MS = 86_400_000;

test("officers are reminded a week before, at the due date, every day for a month, and every week after", () => {
  const dueAtMs = 100 * DAY_MS;
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 160 * DAY_MS; nowMs = times.at(-1) ?? 0)
    times.push(nextReminderMs(dueAtMs, nowMs));
  const days = times.map((atMs) => atMs / DAY_MS - 100);
  expect(days.slice(0, 4)).toEqual([-7, 0, 1, 2]);
  expect(days.slice(-6)).toEqual([29, 30, 37, 44, 51, 58, 65].slice(-6));
});

test("a person asks often, but not without end", () => {
  expect(decideReceipt(99).allowed).toBe(true);
  expect(decideReceipt(100).allowed).toBe(false);
});

test("a link stands for the person until it is revoked", () => {
  expect(decideByLink({ revokedAtMs: null }).allowed).toBe(true);
  expect(decideByLink({ revokedAtMs: 0 }).allowed).toBe(false);
});

test("HIPAA gives no erasure, and the CCPA none of what HIPAA governs", () => {
  const rules = [
    { law: "gdpr", residences: ["DE"] },
    { law: "ccpa", residences: ["US-CA"] },
    { law: "hipaa", residences: ["US"] },
  ] as const;
  const giving = (residence: string, right: "erasure" | "access") =>
    givingLaws(applicableLaws(rules, residence), right);
  expect(giving("DE", "erasure")).toEqual(["gdpr"]);
  expect(giving("US-CA", "erasure")).toEqual([]);
  expect(giving("US-CA", "access")).toEqual(["ccpa", "hipaa"]);
  expect(giving("US-NY", "erasure")).toEqual([]);
  expect(givingLaws(["ccpa"], "erasure")).toEqual(["ccpa"]);
  expect(erasureProvisions.hipaa).toBeUndefined();
});

test("the last administrator is not erased, and everybody else is", () => {
  expect(decideErasable("admin", 0)).toEqual({ allowed: false, reasons: ["last_administrator"] });
  expect(decideErasable("admin", 1).allowed).toBe(true);
  expect(decideErasable("customer", 0).allowed).toBe(true);
});

test("a copy answers an accepted request for access or portability, and nothing else", () => {
  const rights = ["access", "portability", "erasure", "rectification", "accounting"];
  const states = ["received", "accepted", "answered", "refused", "withdrawn", "merged"];
  const allowed = rights.flatMap((right) =>
    states.filter((state) => decideCopy({ right, state }).allowed).map((state) => [right, state]),
  );
  expect(allowed).toEqual([
    ["access", "accepted"],
    ["portability", "accepted"],
  ]);
});
