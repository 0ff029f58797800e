/**
 * Makes the transcripts of test/transcripts: `node dist/test/peers/transcribe.js FOLDER [NAME...]`. Real clients talk to real servers through a relay
 * that writes down what came, as it came: [{"dir":"RCV"|"SND","ms":N,"base64":"..."}], ms since the client connected. No proxy of ours is in between.
 * This is a tool and no test: it pauses between keys as a person does, so that the times mean something.
 */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LineClient } from './clients.js';
import { dial } from './clients.js';
import { freePorts, type PeerName, startPeer, typeInto } from './peer.js';
import { dialAs, gmcp, MUDLET, PUTTY } from './telnet-client.js';

interface Piece {
  readonly dir: 'RCV' | 'SND';
  readonly ms: number;
  readonly base64: string;
}

const PASSWORD = 'S3cretWord9';
/** Between two keys of somebody who types fast, and between two lines, in milliseconds. */
const KEY_MS = 40;
const LINE_MS = 300;

/** A relay in front of a server that keeps what passes. */
class Recorder {
  readonly pieces: Piece[] = [];
  readonly #server: Server;

  private constructor(upstream: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#relay(client, connect({ port: upstream, host: '127.0.0.1', noDelay: true })));
  }

  static async start(upstream: number): Promise<{ recorder: Recorder; port: number }> {
    const recorder = new Recorder(upstream);
    const port = await freePorts(1);
    await new Promise<void>((resolve) => recorder.#server.listen(port, '127.0.0.1', resolve));
    return { recorder, port };
  }

  stop(): void {
    this.#server.close();
  }

  #relay(client: Socket, server: Socket): void {
    const began = performance.now();
    const keep = (dir: Piece['dir'], chunk: Buffer) =>
      this.pieces.push({ dir, ms: Math.round(performance.now() - began), base64: chunk.toString('base64') });
    client.on('data', (chunk: Buffer) => keep('RCV', chunk)).pipe(server);
    server.on('data', (chunk: Buffer) => keep('SND', chunk)).pipe(client);
    for (const socket of [client, server]) socket.on('error', () => client.destroy() && server.destroy());
  }
}

const typing = () => pause(KEY_MS);

/** Types a line in character mode, ends it as PuTTY does (CR NUL), and waits for what the server says to it. */
async function enter(client: LineClient, keys: string, answer: RegExp): Promise<void> {
  await client.type(`${keys}\r\0`, typing);
  await client.waitFor(answer);
  await pause(LINE_MS);
}

async function say(client: LineClient, line: string, answer: RegExp): Promise<void> {
  client.send(line);
  await client.waitFor(answer);
  await pause(LINE_MS);
}

const PROMPT = /wire\$ $/;

async function telnetdLogin(port: number): Promise<void> {
  const client = await dialAs(port, PUTTY);
  await client.waitFor(/login: /);
  await enter(client, 'alice', /Password: /);
  await enter(client, 'wrong-S3crxt', /incorrect\s+wire login: /);
  await enter(client, 'alicf\x7fe', /Password: /);
  await enter(client, `S3cretWoe\x7frd9`, PROMPT);
  await enter(client, 'echo helo\x7f\x7fllo', PROMPT);
  await enter(client, 'echo a lost line\x03', PROMPT);
  await enter(client, 'echo wrong\x15echo right', PROMPT);
  await enter(client, 'cat letter-\t', PROMPT);
  await enter(client, '\x1b[A\x1b[A', PROMPT);
  await enter(client, 'echo bc\x1b[D\x1b[Da', PROMPT);
  await client.type('exit\r\0', typing);
  await client.waitForEnd();
}

async function telnetdTypedAhead(port: number): Promise<void> {
  const client = await dialAs(port, PUTTY);
  client.write(`alice\r\0${PASSWORD}\r\0`);
  await client.waitFor(PROMPT);
  await pause(LINE_MS);
  client.write('echo one\r\0echo two\r\0exit\r\0');
  await client.waitForEnd();
}

async function chatdLogin(port: number): Promise<void> {
  const client = await dialAs(port, MUDLET);
  await client.waitFor(/Enter name: /);
  await pause(LINE_MS);
  await say(client, PASSWORD, /Welcome/);
  await say(client, 'hello there', /hello there\r\n/);
  await say(client, 'and that was all', /was all\r\n/);
  await client.end();
}

async function evenniaGmcp(port: number): Promise<void> {
  const client = await dialAs(port, MUDLET);
  await client.waitFor(/connect <username> <password>/);
  await pause(2 * LINE_MS);
  await say(client, `create bob ${PASSWORD}`, /\[Y\]|Y\/N|confirm/i);
  await say(client, 'y', /connect bob/i);
  await say(client, `connect bob wrong-${PASSWORD}`, /incorrect/i);
  await say(client, `connect bob ${PASSWORD}`, /You become bob/i);
  await say(client, 'say hello there', /You say, "hello there"/);
  client.write(gmcp(`Char.Login.Credentials {"account": "bob", "password": "${PASSWORD}"}`));
  client.write(gmcp('Echo "hello there"'));
  await say(client, 'look', /Limbo/);
  client.send('quit');
  await client.waitForEnd();
}

async function tinymuxLogin(port: number): Promise<void> {
  const client = await dial(port);
  await client.waitFor(/create <name>/);
  await pause(LINE_MS);
  await say(client, `create Bob ${PASSWORD}`, /MAIL/);
  await say(client, 'say hello there', /You say, "hello there"/);
  client.write(`@password ${PASSWORD}=An0therWord8\r\nsay that was typed ahead\r\n`);
  await client.waitFor(/typed ahead"/);
  await pause(LINE_MS);
  client.send('QUIT');
  await client.waitForEnd();
}

/** A real client in a terminal types these lines, each once the text in front of it is on its screen. */
async function inTerminal(name: 'tintin' | 'telnet', port: number, lines: readonly (readonly [string, string])[]): Promise<void> {
  const client = await typeInto(name, port, lines);
  const code = await client.ended;
  await client.stop();
  if (code !== 0) throw new Error(client.output());
}

const telnetdTelnet = (port: number) =>
  inTerminal('telnet', port, [
    ['login:', 'alicf\\x7fe'],
    ['Password:', 'S3cretWoe\\x7frd9'],
    ['Welcome to wire', 'expr 40 + 2\\x7f1'],
    ['41', 'echo a lost line\\x03'],
    ['^C', 'echo wrong\\x15expr 50 + 2'],
    ['52', 'cat letter-\\t'],
    ['a letter', '\\x1b[A\\x1b[A\\x7f3'],
    ['53', 'exit'],
    ['closed', ''],
  ]);

const chatdTintin = (port: number) =>
  inTerminal('tintin', port, [
    ['Enter name:', PASSWORD],
    ['Welcome', 'hello there'],
    [': hello there', 'the third line'],
    [': the third', 'the fourth line'],
    [': the fourth', 'the fifth line'],
    [': the fifth', 'the sixth line'],
    [': the sixth', ''],
  ]);

const tintinMccp3 = (port: number) =>
  inTerminal('tintin', port, [
    ['Who are you?', 'bob'],
    ['Password:', PASSWORD],
    ['Welcome', 'hello there'],
    ['You said, "hello there"', `connect bob ${PASSWORD}`],
    ['You said, "connect', ''],
  ]);

const TRANSCRIPTS: { readonly [name: string]: readonly [PeerName, (port: number) => Promise<void>] } = {
  'telnetd-login': ['telnetd', telnetdLogin],
  'telnetd-typed-ahead': ['telnetd', telnetdTypedAhead],
  'telnetd-telnet': ['telnetd', telnetdTelnet],
  'chatd-login': ['chatd', chatdLogin],
  'chatd-tintin': ['chatd', chatdTintin],
  'tintin-mccp3': ['tintin-server', tintinMccp3],
  'tinymux-login': ['tinymux', tinymuxLogin],
  'evennia-gmcp': ['evennia', evenniaGmcp],
};

async function transcribe(peer: PeerName, play: (port: number) => Promise<void>): Promise<readonly Piece[]> {
  const server = await startPeer(peer);
  const { recorder, port } = await Recorder.start(server.port);
  try {
    await play(port);
    return recorder.pieces;
  } finally {
    recorder.stop();
    await server.stop();
  }
}

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node dist/test/peers/transcribe.js FOLDER [NAME...]');
for (const name of names.length > 0 ? names : Object.keys(TRANSCRIPTS)) {
  const [peer, play] = TRANSCRIPTS[name] ?? [];
  if (peer === undefined || play === undefined) throw new Error(`no transcript is called ${name}`);
  const pieces = await transcribe(peer, play);
  const lines = pieces.map((piece) => JSON.stringify(piece)).join(',\n');
  writeFileSync(join(folder, `${name}.json`), `[\n${lines}\n]\n`);
}
