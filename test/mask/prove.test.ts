import t from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import { mask } from './masks.js';

const PLACE = { file: 'server.conf', line: 3, column: 10 };

t.test('takes a mask that does what its examples say', async (t) => {
  t.ok(compileMasks([mask('pw (?P<secret>.+)', { hides: ['pw hunter2', 'look\npw x'], shows: ['look', 'the pw hunter2'] })]));
});

t.test('refuses a mask that hides nothing in its example', async (t) => {
  const wrong = mask('pw (?P<secret>.+)', { hides: ['pw hunter2', 'the pw hunter2'] });
  t.throws(() => compileMasks([wrong]), { code: 'AUDIT_MASK_PROOF', place: PLACE, message: /'test'.*example 2 of `hides`/ });
});

t.test('refuses a mask that hides something in what it should show', async (t) => {
  const wrong = mask('pw (?P<secret>.+)', { shows: ['pw is short for password'] });
  t.throws(() => compileMasks([wrong]), { code: 'AUDIT_MASK_PROOF', place: PLACE, message: /example 1 of `shows`/ });
});

t.test('refuses a mask that shows a part of its secret where the line is cut', async (t) => {
  const wrong = mask("pw '(?P<secret>.+)'", { hides: ["pw 'hunter2'"] });
  t.throws(() => compileMasks([wrong]), { code: 'AUDIT_MASK_PROOF', place: PLACE, message: /cut at character 1/ });
  compileMasks([mask(String.raw`pw '(?P<secret>.+?)('\s*)?$`, { hides: ["pw 'hunter2'"] })]);
});

t.test('quotes no example in its errors', async (t) => {
  const wrong = mask("pw '(?P<secret>.+)'", { hides: ["pw 'hunter2'"] });
  t.throws(() => compileMasks([wrong]), { message: /^(?!.*hunter2)/ });
});

t.test('refuses a mask without a secret, and one whose secret is repeated', async (t) => {
  t.throws(() => compileMasks([mask('pw (.+)')]), { code: 'AUDIT_MASK_SECRET', place: { ...PLACE, column: 30 } });
  t.throws(() => compileMasks([mask('pw (?P<secretary>.+)')]), { code: 'AUDIT_MASK_SECRET' });
  t.throws(() => compileMasks([mask('pw (?P<secret>.)+')]), { code: 'AUDIT_MASK_SECRET', place: { ...PLACE, column: 33 } });
  t.throws(() => compileMasks([mask('pw (?:x(?P<secret_2>.)){0,2}')]), { code: 'AUDIT_MASK_SECRET', place: { ...PLACE, column: 37 } });
  compileMasks([mask('pw (?:(?P<secret>.))?(?P<secret_2>x){1}')]);
});
