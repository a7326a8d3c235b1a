// What is loaded when the first mail is sent, as one module of the Worker: see load.ts and scripts/build.ts.
export { createMailer } from './providers/index.ts';
export { writeMail } from './write.ts';
