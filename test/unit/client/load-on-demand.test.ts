import { jest } from "@jest/globals";

// A page that was deployed anew no longer has the file, or the network is gone.
jest.unstable_mockModule("../../../client/on-demand.ts", () => {
  throw new TypeError("Failed to fetch dynamically imported module");
});

test("a part of the SDK that does not load is a failure that an application knows", async () => {
  const { loadOnDemand } = await import("../../../client/load-on-demand.ts");
  await expect(loadOnDemand()).rejects.toMatchObject({ name: "SealdeskError", code: "network" });
});
