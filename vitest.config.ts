import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Whole-system tests share two cores with real engines and databases; a second failure is a failure, and vitest says
    // which tests needed their second try.
    retry: process.env.CI === undefined ? 0 : 1,
  },
});
