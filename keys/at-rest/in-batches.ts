/**
 * Runs `work` for every item, with a limited number of items at a time. The results have the order
 * of the items.
 */
export async function inBatches<A, T>(
  items: readonly A[],
  width: number,
  work: (item: A) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < items.length; at += width)
    results.push(...(await Promise.all(items.slice(at, at + width).map(work))));
  return results;
}
