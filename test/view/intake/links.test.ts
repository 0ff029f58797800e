import t from 'tap';
import { Links, readLink } from '../../../src/view/intake/links.js';

const KEY = Buffer.alloc(32, 7);
const SESSION = '01890a5d-ac96-774b-bcce-b302099a8057';

t.test('a link that an owner gave is proven to whoever has the key, for the same user', async (t) => {
  const link = new Links(KEY).linkTo(SESSION, 1000);
  t.same(link, { session: SESSION, proof: 'b7d1126310e32d44ad512ca2e59fb16be04ba313695f4e0250f1d0ae8b3d7d8f' });
  t.equal(new Links(KEY).isProven(link, 1000), true);
});

t.test('nobody goes on from a session of another user, of another spool, or from one that was not given to him', async (t) => {
  const links = new Links(KEY);
  const link = links.linkTo(SESSION, 1000);
  t.equal(links.isProven(link, 1001), false);
  t.equal(new Links(Buffer.alloc(32, 8)).isProven(link, 1000), false);
  t.equal(links.isProven({ ...link, session: '01890a5d-ac96-774b-bcce-b302099a8058' }, 1000), false);
  t.equal(links.isProven({ ...link, proof: '0'.repeat(64) }, 1000), false);
});

t.test('what a stranger writes is a link or nothing', async (t) => {
  const proof = 'ab'.repeat(32);
  t.same(readLink({ session: SESSION, proof, more: 1 }), { session: SESSION, proof });
  for (const one of [
    undefined,
    null,
    'x',
    [],
    {},
    { session: SESSION },
    { proof },
    { session: SESSION, proof: proof.slice(1) },
    { session: 'x', proof },
  ]) {
    t.equal(readLink(one), undefined, JSON.stringify(one));
  }
  t.equal(readLink({ session: `${SESSION}\n`, proof }), undefined);
  t.equal(readLink({ session: 7, proof }), undefined);
});
