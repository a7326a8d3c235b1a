// The old service: asks it about logins whose names are unknown here, so that accounts move one by one.
import type { AskOldService } from '../core/index.ts';
import { loadMigration } from './load.ts';
import type { AskOptions } from './module.ts';

export { type MigrationSettings, OLD_DIALECTS, type OldDialect } from './model.ts';

/** @param options `fetch` is the runtime's; tests pass their own */
export const createOldService =
  (options: AskOptions): AskOldService =>
  async (login) => {
    try {
      const { askOldService } = await loadMigration();
      return await askOldService(login, options);
    } catch (cause) {
      options.warn('the module for the old service does not load', cause);
      return null;
    }
  };
