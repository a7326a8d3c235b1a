// Tiny web pages on ports of this machine, each port an origin of its own.
import { createServer } from 'node:http';

/**
 * The functions of the page: `tell` sends a request and returns what a script gets, `embed` makes an element
 * load an address, `beacon` sends a beacon, `submit` sends a form, `follow` follows a link.
 */
const SCRIPT = `
  const tell = async (url, init) => {
    try {
      const response = await fetch(url, { credentials: 'include', ...init });
      const id = response.headers.get('X-Request-Id');
      return { status: response.status, type: response.type, text: await response.text(), id };
    } catch (error) {
      return { thrown: error.name };
    }
  };
  const embed = (tag, attribute, url) => new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve('load');
    element.onerror = () => resolve('error');
    element[attribute] = url;
    document.body.append(element);
  });
  const beacon = (url, body) => navigator.sendBeacon(url, body);
  const submit = (method, url, fields) => {
    const form = document.createElement('form');
    Object.assign(form, { method, action: url });
    for (const [name, value] of Object.entries(fields))
      form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(form);
    form.submit();
  };
  const follow = (url) => {
    const link = Object.assign(document.createElement('a'), { href: url });
    document.body.append(link);
    link.click();
  };`;

const PAGE = `<!doctype html><meta charset="utf-8"><title>A page</title><body><script>${SCRIPT}</script>`;

export interface Pages {
  port: number;
  close: () => Promise<void>;
}

/** Serves the page at every path of one port, for every host name. */
export const servePages = async (): Promise<Pages> => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The pages have no port.');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
