// Key pairs as private JWKs (RFC 7517).

import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

const KINDS = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  RS256: ['rsa', { modulusLength: 2048 }],
  EdDSA: ['ed25519', {}],
};

/** One key for each algorithm, named after it and its generation. */
export function signingKeys(algorithms, generation) {
  const make = async (alg) => {
    const { privateKey } = await generate(...KINDS[alg]);
    const kid = `${alg.toLowerCase()}-${generation}`;
    return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  };
  return Promise.all(algorithms.map(make));
}

/** A key that is in the published set for something else than signatures. */
export async function encryptionKey() {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  const jwk = privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: 'encryption', alg: 'ECDH-ES', use: 'enc' };
}
