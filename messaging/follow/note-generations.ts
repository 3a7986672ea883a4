import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { TenantId, DeviceId } from "../../crypto/wire/ids.ts";

interface Said {
  readonly device: DeviceId;
  readonly generation: number;
}

// The row itself keeps the generation before, so that of two hellos at once each gets its own answer.
// Sorted, so that two nodes cannot deadlock on the same rows.
const NOTE = `
  insert into store_generations as known (tenant, device, generation)
  select $1, said.* from unnest($2::uuid[], $3::int8[]) as said (device, generation)
  order by said.device
  on conflict (device) do update
    set before = known.generation, generation = greatest(known.generation, excluded.generation)
  returning device, before`;

/**
 * Remembers the store generation of each hello.
 * @returns for each of `said` the highest generation the device had said before it; 0 for none
 */
export async function noteGenerations(
  client: Client,
  tenant: TenantId,
  said: readonly Said[],
): Promise<readonly number[]> {
  const before = new Map<Said, number>();
  // One statement changes a row once: two hellos of one device are noted one after the other.
  for (let rest = [...said]; rest.length > 0;) {
    const batch = [...new Map(rest.map((each) => [each.device, each])).values()];
    const { rows } = await client.query<{ device: DeviceId; before: number }>(NOTE, [
      tenant,
      uuidArray(batch.map(({ device }) => device)),
      int8Array(batch.map(({ generation }) => generation)),
    ]);
    const known = new Map(rows.map((row) => [row.device, row.before]));
    for (const each of batch) before.set(each, known.get(each.device) ?? 0);
    rest = rest.filter((each) => !before.has(each));
  }
  return said.map((each) => before.get(each) ?? 0);
}
