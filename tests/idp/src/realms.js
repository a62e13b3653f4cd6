// Issuers: each has a provider, signing keys that can be replaced while it runs, and a place where
// its public keys are fetched, which can be told to misbehave.

import Provider from 'oidc-provider';

import { adapterFor } from './adapter.js';
import { KeyPlace } from './key-place.js';
import { encryptionKey, signingKeys } from './keys.js';

/** What a test needs to know to get tokens and to register clients. */
export const SECRETS = {
  client_id: 'tests',
  client_secret: 'a-secret-that-everybody-may-know',
  initial_access_token: 'an-initial-access-token-for-tests',
};

const RESOURCE = 'https://api.example.com';
const AUDIENCE = 'api.example.com';
const SCOPES = 'reports:read reports:write';
const LIFETIME = 600;

/** One issuer. */
class Realm {
  constructor(issuer, algorithms) {
    this.issuer = issuer;
    this.algorithms = algorithms;
    this.adapter = adapterFor();
    this.keyPlace = new KeyPlace();
    this.generation = 0;
    this.retired = [];
    this.current = [];
  }

  /** Signs with new keys from now on. The old ones stay published until `retire`. */
  async rotate() {
    this.generation += 1;
    this.retired = [...this.current, ...this.retired];
    this.current = await signingKeys(this.algorithms, this.generation);
    this.encryption ??= await encryptionKey();
    this.publish();
  }

  /** Publishes only the keys that are signed with. */
  retire() {
    this.retired = [];
    this.publish();
  }

  /** A provider reads its keys once, so other keys mean another provider, over the same data. */
  publish() {
    const keys = [...this.current, this.encryption, ...this.retired];
    this.provider = new Provider(this.issuer, configuration(keys, this.adapter));
    this.provider.on('server_error', (_ctx, error) => console.error(error));
  }

  kids() {
    return this.current.map((key) => key.kid);
  }

  serveKeys(request, response) {
    return this.keyPlace.serve(request, response, () => {
      request.originalUrl = request.url;
      request.url = '/jwks';
      this.provider.callback()(request, response);
    });
  }
}

/** All issuers by name. */
export class Realms {
  constructor(url) {
    this.url = url;
    this.byName = new Map();
  }

  get(name) {
    let realm = this.byName.get(name);
    if (!realm) {
      // Of many issuers one with every kind of key is enough; RSA keys take long to make.
      const algorithms = name === 'main' ? ['ES256', 'RS256', 'EdDSA'] : ['ES256'];
      const made = new Realm(`${this.url}/realms/${name}`, algorithms);
      realm = made.rotate().then(() => made);
      this.byName.set(name, realm);
    }
    return realm;
  }

  /** Those that exist, or the one that is named. */
  async select(name) {
    if (name) return [[name, await this.get(name)]];
    return Promise.all([...this.byName].map(async ([own, realm]) => [own, await realm]));
  }
}

function configuration(keys, adapter) {
  return {
    adapter,
    jwks: { keys },
    cookies: { keys: ['no browser comes here'] },
    clients: [
      {
        client_id: SECRETS.client_id,
        client_secret: SECRETS.client_secret,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: SCOPES,
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'RS256', 'EdDSA'],
      idTokenSigningAlgValues: ['ES256', 'RS256', 'EdDSA'],
    },
    scopes: SCOPES.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      encryption: { enabled: true },
      registration: { enabled: true, initialAccessToken: SECRETS.initial_access_token },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        getResourceServerInfo: (ctx) => ({
          scope: SCOPES,
          audience: AUDIENCE,
          accessTokenTTL: LIFETIME,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: ctx.oidc.body?.alg ?? 'ES256' } },
        }),
      },
    },
    // Any client may say whose it is: these tenants exist in tests only.
    extraTokenClaims(ctx) {
      const { tenant_id, tenant_role } = ctx.oidc.body ?? {};
      return { ...(tenant_id && { tenant_id }), ...(tenant_role && { tenant_role }) };
    },
  };
}
