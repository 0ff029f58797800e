import t from 'tap';
import { identityOf } from '../../src/config/identity.js';
import { readLiterals } from '../../src/config/literals.js';
import { compileNamed } from '../../src/mask/named-groups.js';

function read(source: string) {
  const [assignment] = readLiterals(`AUDIT_IDENTITY = ${source}`, 'server.conf');
  const entries = assignment?.value.kind === 'list' ? assignment.value.value.filter((one) => one.kind === 'dict') : [];
  return identityOf(entries, { name: 'AUDIT_IDENTITY', folder: '.', env: {} });
}

t.test('a pattern stands at the start of a line of output unless it says otherwise', async (t) => {
  t.same(
    read(String.raw`[{'pattern': r'Playing (?P<character>\w+)'}, {'pattern': 'login (?P<account>x)', 'direction': 'in', 'where': 'anywhere'}]`),
    {
      patterns: [
        {
          pattern: String.raw`Playing (?P<character>\w+)`,
          direction: 'out',
          where: 'start',
          patternPlace: { file: 'server.conf', line: 1, column: 33 },
        },
        {
          pattern: 'login (?P<account>x)',
          direction: 'in',
          where: 'anywhere',
          patternPlace: { file: 'server.conf', line: 1, column: 76 },
        },
      ],
      paths: [],
    },
  );
});

t.test('a path names a field, of one protocol or any', async (t) => {
  t.same(read("[{'oob': 'Char.Name', 'path': 'name', 'field': 'character', 'protocol': 'GMCP'}, {'oob': 'AREA', 'path': '', 'field': 'room'}]"), {
    patterns: [],
    paths: [
      { oob: 'Char.Name', path: 'name', field: 'character', protocol: 'gmcp' },
      { oob: 'AREA', path: '', field: 'room' },
    ],
  });
});

t.test('an error in a pattern has its place in the file', async (t) => {
  t.throws(() => compileNamed(read("[{'pattern': 'I am (?P<name>x)'}]").patterns), { code: 'AUDIT_CONFIG_TYPE', place: { line: 1, column: 37 } });
});

t.test('there are at most 64', async (t) => {
  const entry = "{'oob': 'A', 'field': 'room'},";
  t.equal(read(`[${entry.repeat(64)}]`).paths.length, 64);
  t.throws(() => read(`[${entry.repeat(65)}]`), { code: 'AUDIT_CONFIG_TYPE', message: 'AUDIT_IDENTITY wants at most 64 entries' });
});
