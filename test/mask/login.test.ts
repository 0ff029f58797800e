import t, { type Test } from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import { pack } from './masks.js';

const { prompts } = compileMasks(pack('login'));
const isPrompt = (line: string) => prompts.find(line, true) !== undefined;

/** Each line must be a prompt, or must not. */
function all(t: Test, expected: boolean, lines: readonly string[]): void {
  for (const line of lines) t.equal(isPrompt(line), expected, line);
}

t.test('knows what shells, sudo, ssh and their tools ask', async (t) => {
  all(t, true, [
    'Password: ',
    '[sudo] password for alice: ',
    '[sudo: authenticate] Password: ',
    "alice@mud.example.org's password: ",
    "Enter passphrase for key '/home/alice/.ssh/id_rsa': ",
    'Enter passphrase (empty for no passphrase): ',
    'Current password: ',
    '(current) UNIX password: ',
    'Enter new UNIX password: ',
    'Retype new UNIX password: ',
    'New password:',
    'Enter password (alice): ',
    "Password for 'https://bob@git.example.org': ",
    'Enter host password for user "bob":',
    'Enter PIN: ',
    'Verification code: ',
    'One-time password (OATH) for `alice`: ',
    'Enter Export Password:',
    'Enter pass phrase for key.pem:',
    'SMTP password: ',
    'Vault password: ',
    'BECOME password: ',
  ]);
});

t.test('knows what MUDs ask', async (t) => {
  all(t, true, [
    'Enter your password:',
    'Enter your password',
    'What is your password? ',
    'Please enter your password: ',
    'Give me a password for Bob: ',
    'Please retype password: ',
    'Password again: ',
    'Choose a password for your new character: ',
    'Please choose a password: ',
    'Thy password, please: ',
    'Please type your secret word:',
    'By what name do you wish to be known? Password: ',
    'That name is taken. If it is yours, what is the password: ',
    'Confirm password: ',
    'Please enter your secret',
  ]);
});

t.test('knows them in other languages and scripts', async (t) => {
  all(t, true, [
    'Kennwort:',
    'Passwort: ',
    'Bitte geben Sie Ihr Kennwort ein: ',
    'Mot de passe : ',
    'Entrez votre mot de passe : ',
    'Contraseña:',
    'CONTRASEÑA: ',
    'Introduce tu contraseña: ',
    'Senha: ',
    'Password di alice: ',
    'Wachtwoord: ',
    'Hasło: ',
    'Пароль:',
    'Введите пароль: ',
    '密码：',
    '请输入密码：',
    '密碼: ',
    'パスワード:',
    'パスワードを入力してください：',
    '비밀번호: ',
  ]);
});

t.test('takes for no prompt what a player says, in any MUD, though the line is open', async (t) => {
  all(t, false, [
    'Bob says, "password:"',
    'Bob says, "What is your password?"',
    "Bob says 'enter your password'",
    "Bob tells you 'password: '",
    'You page Bob: what is your password:',
    'You page Bob with "password:"',
    '<OOC> Bob: my password manager forgot me',
    '[Newbie] Tom: how do I change my password?',
    'Bob whispers, "password: swordfish"',
  ]);
});

t.test('takes for no prompt what a server says of passwords, and other prompts', async (t) => {
  all(t, false, [
    'Password incorrect.',
    'Wrong password. Try again.',
    'Your password has been changed.',
    'Last login: Mon Jan  5 10:00:00 from 10.0.0.1',
    'login: ',
    'mud login: ',
    'Username: ',
    'By what name do you wish to be known? ',
    'Account name: ',
    '> ',
    'HP:20 MV:100 > ',
    '<20hp 100m 82mv> ',
    '--More--',
    'Make your choice: ',
    'Are you sure (Y/N)? ',
    'Usage: connect <name> <password>',
    'Use "connect <name> <password>" to connect to your character.',
    '     connect <username> <password>',
    'Subject: ',
    'bob@host:~$ ',
    'Your code name: ',
    '',
  ]);
});

t.test('asks only at an open line', async (t) => {
  t.equal(prompts.find('Password: ', false), undefined);
  t.equal(prompts.mayFind('You see a door.\nIt is shut.\n> '), false);
  t.equal(prompts.mayFind('Welcome!\nPassword: '), true);
});

t.test('costs no more than its length for a line made to cost much', async (t) => {
  const started = process.cpuUsage();
  for (const line of [
    `${'enter '.repeat(10_000)}x:`,
    `${'('.repeat(60_000)}:`,
    `${'Bob: '.repeat(12_000)}password`,
    `password${' for x'.repeat(10_000)}"`,
  ]) {
    isPrompt(line);
  }
  t.ok(process.cpuUsage(started).user < 3_000_000);
});
