// A Model Context Protocol server that accepts tokens of Latchkey, and a client, both with the SDK.
import { createServer } from 'node:http';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { TokenRejected, verify } from '../../package/verify.ts';

export interface McpService {
  /** Its address, which is the audience of its tokens. */
  url: string;
  /** The document in which its client describes itself. */
  clientUrl: string;
  /** Sets the issuer whose tokens it accepts. It accepts none before. */
  trust: (issuer: string) => void;
  close: () => Promise<void>;
}

/** Serves one tool, `who`, which returns the `sub` of the account. */
export const startMcpService = async (): Promise<McpService> => {
  let issuer = '';
  let origin = '';
  const server = createServer(async (request, response) => {
    const json = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { 'Content-Type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    };
    // https://www.rfc-editor.org/rfc/rfc9728
    if (request.url === '/.well-known/oauth-protected-resource/mcp')
      return json(200, { resource: `${origin}/mcp`, authorization_servers: [issuer] });
    if (request.url === '/client.json')
      return json(200, {
        client_id: `${origin}/client.json`,
        client_name: 'A client',
        redirect_uris: ['http://127.0.0.1/callback'],
        token_endpoint_auth_method: 'none',
      });
    if (request.url !== '/mcp') return json(404, {});
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    try {
      const claims = await verify(token, `${issuer}/.well-known/jwks.json`, {
        audience: `${origin}/mcp`,
        acceptApps: true,
      });
      const mcp = new McpServer({ name: 'who', version: '1.0.0' });
      mcp.registerTool('who', { description: 'Whose account it is' }, () => ({
        content: [{ type: 'text', text: claims.sub }],
      }));
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      await mcp.connect(transport);
      await transport.handleRequest(request, response);
    } catch (error) {
      if (!(error instanceof TokenRejected)) throw error;
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
      json(401, { error: error.code }, { 'WWW-Authenticate': `Bearer resource_metadata="${metadata}"` });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  origin = `http://localhost:${address.port}`;
  return {
    url: `${origin}/mcp`,
    clientUrl: `${origin}/client.json`,
    trust: (by) => {
      issuer = by;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** The data of a client, and the address to which it sent the browser. */
export interface McpUser extends OAuthClientProvider {
  sentTo: URL | null;
  saved: OAuthTokens | undefined;
}

/** @param clientId of the app: it has no secret */
export const createMcpUser = (clientId: string, redirectUrl: string): McpUser => {
  let verifier = '';
  let known: OAuthClientInformationMixed = { client_id: clientId };
  return {
    sentTo: null,
    saved: undefined,
    redirectUrl,
    clientMetadata: {
      client_name: 'A client',
      redirect_uris: [redirectUrl],
      scope: 'openid offline_access',
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => known,
    saveClientInformation(information) {
      known = information;
    },
    tokens() {
      return this.saved;
    },
    saveTokens(tokens) {
      this.saved = tokens;
    },
    // The client then sends the browser again if a refresh token has ended.
    invalidateCredentials() {
      this.saved = undefined;
    },
    redirectToAuthorization(url) {
      this.sentTo = url;
    },
    saveCodeVerifier(made) {
      verifier = made;
    },
    codeVerifier: () => verifier,
  };
};
