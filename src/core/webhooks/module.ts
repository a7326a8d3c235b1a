// What is loaded when there is the first message to send, as one module of the Worker: see load.ts and scripts/build.ts.
export { createWebhooks } from './webhooks.ts';
