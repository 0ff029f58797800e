import t from 'tap';
import { COMMANDS, type CommandName, commandHelp, helpText } from '../../src/config/help.js';
import { readCommandLine } from '../../src/config/usage.js';

const read = (...args: string[]) => {
  const { command, flags, values, words } = readCommandLine(args);
  return { command, flags: [...flags], values: Object.fromEntries(values), words };
};

const refused = (...args: string[]) => {
  try {
    return JSON.stringify(read(...args));
  } catch (error) {
    return String(error);
  }
};

t.test('reads options before and behind the command, with = or a blank', async (t) => {
  t.strictSame(read('--config', 'a.conf', 'check', '--set=A=1', '--set', 'B=-2', '--print'), {
    command: 'check',
    flags: ['print'],
    values: { config: ['a.conf'], set: ['A=1', 'B=-2'] },
    words: [],
  });
  t.strictSame(read('verify', 'a.log', '--strict', '--', '--b.log').words, ['a.log', '--b.log']);
  t.strictSame(read('check', '-h').flags, ['help']);
  t.strictSame(read('--version').flags, ['version']);
});

t.test('says of whatever is not understood what was meant', async (t) => {
  t.equal(refused(), 'AUDIT_USAGE: a command is missing; see `wirescribe --help`');
  t.equal(refused('chek'), "AUDIT_USAGE: there is no command 'chek'; did you mean 'check'?");
  t.equal(refused('check', '--pint'), "AUDIT_USAGE: 'check' has no option '--pint'; did you mean '--print'?");
  t.equal(refused('check', '-print'), "AUDIT_USAGE: 'check' has no option '-print'; did you mean '--print'?");
  t.equal(refused('check', '--print=1'), 'AUDIT_USAGE: --print takes no value');
  t.equal(refused('check', '--config'), 'AUDIT_USAGE: --config wants a value: --config FILE');
  t.equal(refused('check', '--config', 'a', '--config', 'b'), 'AUDIT_USAGE: --config is given twice; keep one');
  t.equal(refused('check', 'server.conf'), "AUDIT_USAGE: 'check' takes no words besides its options; name a configuration with --config FILE");
  t.equal(refused('--constructor'), "AUDIT_USAGE: wirescribe has no option '--constructor'; known are --config, --set, --help, --version");
});

t.test('the help names every command that is built, with an example each', async (t) => {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    t.match(helpText(), new RegExp(`^  ${name} `, 'm'));
    t.match(commandHelp(name), /Example:\n {2}\$ .*wirescribe/);
    for (const option of Object.keys(COMMANDS[name].options)) t.match(commandHelp(name), `--${option}`);
  }
});
