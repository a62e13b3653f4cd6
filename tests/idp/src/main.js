// An OpenID provider for tests: the certified `oidc-provider` behind a loopback HTTP server that a
// test can steer. Prints one JSON line when it listens, and ends when its standard input does, so
// that it never outlives the test that started it.
//
//   /realms/NAME/...      an issuer; made when it is first asked for
//   /control/...          see control.js

import http from 'node:http';

import { control } from './control.js';
import { Realms, SECRETS } from './realms.js';

const server = http.createServer((request, response) => {
  route(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});

let realms;

async function route(request, response) {
  const [, first, name, ...rest] = request.url.split('?')[0].split('/');
  if (first === 'control') return control(realms, request, response);
  if (first !== 'realms' || !/^[\w-]+$/.test(name ?? '')) {
    response.writeHead(404).end();
    return;
  }
  const realm = await realms.get(name);
  if (rest.join('/') === 'jwks') return realm.serveKeys(request, response);
  // The provider reads where it is mounted from the difference of the two.
  request.originalUrl = request.url;
  request.url = request.url.slice(`/realms/${name}`.length) || '/';
  realm.provider.callback()(request, response);
}

process.stdin.on('end', () => process.exit(0)).resume();

// Longer than any test, so that no connection that Envoy keeps is closed under a request.
server.keepAliveTimeout = 600_000;

server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  realms = new Realms(url);
  console.log(JSON.stringify({ url, ...SECRETS }));
});
