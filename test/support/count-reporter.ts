// A Vitest reporter whose last line is the count that CI reads.
import type { Reporter, TestModule } from 'vitest/node';

export const countReporter: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      const results = tests.map((test) => test.result().state);
      passed += results.filter((state) => state === 'passed').length;
      failed += results.filter((state) => state === 'failed').length;
      // A file that fails to load has no tests, so it counts as one failure.
      if (module.state() === 'failed' && !results.includes('failed')) failed += 1;
    }
    // The other reporters write their summaries after this handler returns; this line must be the last.
    process.on('exit', () => process.stdout.write(`\n${passed} passed, ${failed} failed\n`));
  },
};
