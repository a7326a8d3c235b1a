// Ends a test run with the one line that CI reads.
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
      // A file that could not be loaded has no tests to fail.
      if (module.state() === 'failed' && !results.includes('failed')) failed += 1;
    }
    // After the other reporters' summaries, which are written when this handler has returned.
    process.on('exit', () => process.stdout.write(`\n${passed} passed, ${failed} failed\n`));
  },
};
