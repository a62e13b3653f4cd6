// The place where an issuer's public keys are fetched: counts, answers conditional requests
// (RFC 9110, section 13), and can be told to be slow, to fail, to send too much, or to hold every
// answer back until it is told something else.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const MODES = ['ok', 'fail', 'hold', 'huge'];

/** More than anybody should accept as a key set. */
const HUGE = 100 * 1024;

export class KeyPlace {
  constructor() {
    this.mode = 'ok';
    this.delay = 0;
    this.maxAge = 300;
    this.counts = { requests: 0, full: 0, not_modified: 0, failed: 0 };
    this.held = [];
  }

  setMode(mode) {
    if (!MODES.includes(mode)) throw new Error(`no mode ${mode}`);
    this.mode = mode;
    for (const release of this.held.splice(0)) release();
  }

  async serve(request, response, answer) {
    this.counts.requests += 1;
    if (this.delay > 0) await sleep(this.delay);
    while (this.mode === 'hold') await new Promise((release) => this.held.push(release));
    if (this.mode === 'fail') {
      this.counts.failed += 1;
      response.writeHead(503, { 'content-type': 'text/plain' }).end('the keys are not here\n');
      return;
    }
    this.finish(request, response, this.mode === 'huge');
    answer();
  }

  /** Lets the provider write its answer, and sends it with a validator. */
  finish(request, response, isHuge) {
    const end = response.end.bind(response);
    response.end = (body) => {
      const keys = isHuge ? padded(body) : body;
      const etag = `"${createHash('sha256').update(keys).digest('base64url')}"`;
      response.setHeader('etag', etag);
      if (this.maxAge !== null) {
        response.setHeader('cache-control', `public, max-age=${this.maxAge}`);
      }
      if (request.headers['if-none-match'] === etag) {
        this.counts.not_modified += 1;
        response.statusCode = 304;
        response.removeHeader('content-length');
        response.removeHeader('content-type');
        return end();
      }
      this.counts.full += 1;
      response.setHeader('content-length', Buffer.byteLength(keys));
      return end(keys);
    };
  }
}

/** The same keys, in a set that is too large. */
function padded(body) {
  return JSON.stringify({ ...JSON.parse(body), padding: 'x'.repeat(HUGE) });
}
