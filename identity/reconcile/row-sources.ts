import { approvalRows } from "./approval-rows.ts";
import { breakGlassRows } from "./break-glass-rows.ts";
import { noticeRows } from "./notice-rows.ts";
import { provisionedRows } from "./provisioned-rows.ts";
import { retentionRows } from "./retention-rows.ts";
import { rightsRows } from "./rights-rows.ts";
import type { RowSource } from "./row-source.ts";
import { tokenRows } from "./token-rows.ts";

/** The rows that nodes compare, besides accounts and their credentials. */
export const rowSources: readonly RowSource[] = [
  retentionRows,
  noticeRows,
  approvalRows,
  breakGlassRows,
  provisionedRows,
  rightsRows,
  tokenRows,
];
