// What drizzle-kit needs to generate migrations/ from the one description of the tables.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({ dialect: 'sqlite', schema: './src/core/store/schema.ts', out: './migrations' });
