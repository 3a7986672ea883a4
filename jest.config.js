/** @type {import("jest").Config} */
export default {
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2023", parser: { syntax: "typescript" } },
        module: { type: "es6" },
        sourceMaps: true,
      },
    ],
  },
  // Built copies of the sources, which would otherwise be found twice.
  modulePathIgnorePatterns: [
    "<rootDir>/dist/",
    "<rootDir>/client/dist/",
    "<rootDir>/crypto/device/suites/signal/dist/",
  ],
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
  testSequencer: "<rootDir>/test/support/longest-first.mjs",
  testTimeout: 120_000,
  // One more than the cores of the usual machine: tests also wait, for devices, processes and disks.
  maxWorkers: 3,
  // A worker keeps part of every suite's modules (nodejs/node#33439). One that nears its heap's
  // limit collects garbage instead of running tests, so it is replaced before.
  workerIdleMemoryLimit: "1GB",
};
