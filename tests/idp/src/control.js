// How a test steers the issuers. `realm` names one; without it all that exist are meant.
//
//   POST /control/rotate?realm=NAME     sign with new keys; the old ones stay published
//   POST /control/retire?realm=NAME     publish the new keys alone
//   POST /control/keys?realm=NAME&mode=ok|fail|hold|huge&delay=MILLISECONDS&max_age=SECONDS|none
//   GET  /control/fetches               how often each key set was fetched, and with what answer
//
// What is not named stays as it is.

export async function control(realms, request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const action = ACTIONS[`${request.method} ${pathname}`];
  if (!action) {
    response.writeHead(404).end();
    return;
  }
  const selected = await realms.select(searchParams.get('realm'));
  const answer = {};
  for (const [name, realm] of selected) {
    answer[name] = await action(realm, searchParams);
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(answer)}\n`);
}

const ACTIONS = {
  async 'POST /control/rotate'(realm) {
    await realm.rotate();
    return realm.kids();
  },
  'POST /control/retire'(realm) {
    realm.retire();
    return realm.kids();
  },
  'POST /control/keys'({ keyPlace }, asked) {
    if (asked.has('mode')) keyPlace.setMode(asked.get('mode'));
    if (asked.has('delay')) keyPlace.delay = Number(asked.get('delay'));
    const maxAge = asked.get('max_age');
    if (maxAge !== null) keyPlace.maxAge = maxAge === 'none' ? null : Number(maxAge);
    return { mode: keyPlace.mode, delay: keyPlace.delay, max_age: keyPlace.maxAge };
  },
  'GET /control/fetches': ({ keyPlace }) => keyPlace.counts,
};
