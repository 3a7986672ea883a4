/**
 * A reason to keep or to dispose of an item of data. Times are milliseconds since the Unix epoch. `citation` names the
 * law or the order, as an officer wrote it.
 */
export type Ground =
  /** A legal hold preserves the item until it is released. An officer reviews it at `reviewAtMs`. */
  | { readonly kind: "hold"; readonly citation: string; readonly reviewAtMs: number }
  /** A law demands that the item is kept until `untilMs`. */
  | { readonly kind: "lock"; readonly citation: string; readonly untilMs: number }
  /** The data subject has a right to the erasure of the item. */
  | { readonly kind: "erasure"; readonly citation: string }
  /** The retention schedule ends at `expiresAtMs`. */
  | { readonly kind: "retention"; readonly citation: string; readonly expiresAtMs: number };

/** What becomes of an item, and the ground that decided. */
export type Disposal =
  /** It is kept although its erasure or its expiry asks for its end: nobody but those of the ground may read it. */
  | { readonly outcome: "restrict"; readonly ground: Extract<Ground, { kind: "hold" | "lock" }> }
  | { readonly outcome: "erase"; readonly ground: Extract<Ground, { kind: "erasure" }> }
  | { readonly outcome: "purge"; readonly ground: Extract<Ground, { kind: "retention" }> }
  /** Nothing asks for its end yet. */
  | { readonly outcome: "keep"; readonly ground: Ground | undefined };

/**
 * Decides what becomes of one item: a legal hold goes before a mandatory retention, that before an erasure, and that
 * before ordinary retention. Of several grounds of one kind, the one that keeps the item longest is named. Grounds of
 * other items count for nothing here. Pure: the order of the grounds does not matter.
 */
export function decideDisposal(grounds: readonly Ground[], nowMs: number): Disposal {
  const erasure = lasting(grounds, "erasure", () => 0);
  const retention = lasting(grounds, "retention", ({ expiresAtMs }) => expiresAtMs);
  const isExpired = retention !== undefined && retention.expiresAtMs <= nowMs;
  const preserving =
    lasting(grounds, "hold", ({ reviewAtMs }) => reviewAtMs) ??
    lasting(
      grounds.filter((each) => each.kind !== "lock" || each.untilMs > nowMs),
      "lock",
      ({ untilMs }) => untilMs,
    );
  if (preserving !== undefined)
    return erasure !== undefined || isExpired
      ? { outcome: "restrict", ground: preserving }
      : { outcome: "keep", ground: preserving };
  if (erasure !== undefined) return { outcome: "erase", ground: erasure };
  if (isExpired) return { outcome: "purge", ground: retention };
  return { outcome: "keep", ground: retention };
}

/** Returns the ground of a kind with the latest time. Of two with the same time, the citation decides. */
function lasting<K extends Ground["kind"]>(
  grounds: readonly Ground[],
  kind: K,
  untilMs: (ground: Extract<Ground, { kind: K }>) => number,
): Extract<Ground, { kind: K }> | undefined {
  const ofKind = grounds.filter((each): each is Extract<Ground, { kind: K }> => each.kind === kind);
  return ofKind.toSorted(
    (a, b) => untilMs(b) - untilMs(a) || (a.citation < b.citation ? -1 : 1),
  )[0];
}
