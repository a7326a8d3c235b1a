// Globals that the source needs when Node loads it.
import '../uint8-array.ts';

// Includes the descriptions, which the Worker's bundle leaves out: src/http/docs.ts.
Object.assign(globalThis, { DOCS: true });
