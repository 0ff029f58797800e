/**
 * Records and sessions as lines for people. Receives parsed records (or a store's summaries), gives text with a line end. Whatever was said is made
 * printable first; colours are ours alone. Never changes what `--json` gives, which is the journal's line.
 */
import type { AuditRecord } from '../contract.js';
import type { SessionSummary } from '../store-contract.js';
import { printable, printableText } from './printable.js';

/** How lines are to look. */
export interface Look {
  /** With colours, masked spans dim. */
  readonly colour: boolean;
  /** Who, where, what and when in full, several lines a record. */
  readonly verbose?: boolean;
  /** What a record's event says; undefined where it says nothing. */
  readonly message?: (record: AuditRecord) => string | undefined;
}

const GREY = '\x1b[90m';
const DIM = '\x1b[2m';
const BRIGHT = '\x1b[22m';
const PLAIN = '\x1b[0m';
const COLOURS = { RCV: '\x1b[36m', SND: '\x1b[39m', none: '\x1b[33m' } as const;
const ARROWS = { RCV: '>', SND: '<', none: '=' } as const;
/** What stands in front of the second line of a text, and of those behind it. */
const INDENT = '\n    ';
/** Ids begin alike within a minute: what people see of one is its end. */
const SHORT = 8;

type Way = keyof typeof ARROWS;
type Data = { readonly [name: string]: unknown };

const wayOf = ({ direction }: AuditRecord): Way => (direction === 'RCV' || direction === 'SND' ? direction : 'none');
const dataOf = ({ data }: AuditRecord): Data => (typeof data === 'object' && data !== null ? (data as Data) : {});
const shown = (value: unknown): string => printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const given = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** `2026-01-31 12:00:01` of a record's `time`. */
const secondOf = (time: unknown): string => shown(String(time).slice(0, 19).replace('T', ' '));

/** Account and character, else the address. */
function whoOf({ account, character, ip }: AuditRecord): string {
  const names = [account, character].filter(given).map(shown);
  return [...new Set(names)].join('/') || (given(ip) ? shown(ip) : '-');
}

const shortOf = (session: unknown): string => (given(session) ? shown(session).slice(-SHORT) : '-');

/** One record: a line, several where its text has several, or a block where the look is verbose. Ends with a line end. */
export function recordForPeople(record: AuditRecord, look: Look): string {
  return look.verbose ? inFull(record, look) : inShort(record, look);
}

function inShort(record: AuditRecord, look: Look): string {
  const way = wayOf(record);
  const { time, listener, node, session } = record;
  const head = `${secondOf(time)} ${whoOf(record)} ${given(listener) ? shown(listener) : shown(node)} ${shortOf(session)} ${ARROWS[way]}`;
  const body = bodyOf(record, look).replaceAll('\n', INDENT);
  return look.colour ? `${GREY}${head} ${COLOURS[way]}${body}${PLAIN}\n` : `${head}${body && ' '}${body}\n`;
}

/** What an event says stands in front of what was said, and in place of what happened. */
function bodyOf(record: AuditRecord, look: Look): string {
  const message = look.message?.(record);
  if (message === undefined) return whatOf(record, look);
  const told = `[${shown(record.event)}] ${printable(message)}`;
  const said = isSaid(record) ? whatOf(record, look) : '';
  return said === '' ? told : `${told}\n${said}`;
}

const isSaid = ({ topic }: AuditRecord): boolean => topic === 'session.input' || topic === 'session.output';

/** What was said, or what happened, in words. */
function whatOf(record: AuditRecord, look: Look): string {
  const { topic, text, cut } = record;
  if (!isSaid(record)) return happened(topic, dataOf(record));
  if (typeof text === 'string') return look.colour ? dimmed(record, text) : printableText(text);
  if (cut === 'blind') return '(withheld)';
  return erased(record) ? '(erased)' : '';
}

/** Whether a body was there once and is not any more: its digest stayed. */
const erased = ({ digest, salt }: AuditRecord): boolean => Array.isArray(digest) && digest[1] !== '' && salt === undefined;

/** The text with its masked spans dim. Spans that do not fit into it are passed over. */
function dimmed({ masked }: AuditRecord, text: string): string {
  let at = 0;
  let out = '';
  for (const span of Array.isArray(masked) ? (masked as readonly unknown[]) : []) {
    const { start, end } = (typeof span === 'object' && span !== null ? span : {}) as Data;
    if (typeof start !== 'number' || typeof end !== 'number' || start < at || end <= start || end > text.length) continue;
    out += `${printableText(text.slice(at, start))}${DIM}${printableText(text.slice(start, end))}${BRIGHT}`;
    at = end;
  }
  return out + printableText(text.slice(at));
}

/** What happened, by topic. A topic that is not known here is shown with its data. */
function happened(topic: string, data: Data): string {
  const { upstream, reason, by, exit, field, old, path, columns, rows, protocol, name, value, code, count, stage, records } = data;
  const next = data.new;
  const one = (member: unknown): string => shown(member ?? '-');
  switch (topic) {
    case 'session.start':
      return `session began, to ${one(upstream)}`;
    case 'session.end':
      return `session ended: ${one(reason)}, by ${one(by)}${given(exit) ? `, exit ${one(exit)}` : ''}`;
    case 'session.identity':
      return given(next) ? `${one(field)} is ${one(next)}${given(old) ? `, was ${one(old)}` : ''}` : `${one(field)} was ${one(old)}`;
    case 'session.change':
      return `${one(path)}: ${one(old)} -> ${one(next)}`;
    case 'session.resize':
      return `window ${one(columns)}x${one(rows)}`;
    case 'session.oob':
      return [protocol, name, value].filter(given).map(shown).join(' ');
    case 'audit.gap':
      return `GAP: ${one(reason)} in ${one(stage)}${given(records) ? `, ${one(records)} records` : ''}${given(data.bytes) ? `, ${one(data.bytes)} bytes` : ''}`;
    case 'audit.fault':
      return `fault: ${one(code)} in ${one(stage)}${count === 1 || !given(count) ? '' : `, ${one(count)} times`}`;
    default:
      return `${shown(topic)}${Object.keys(data).length > 0 ? ` ${shown(data)}` : ''}`;
  }
}

/** Rows of `what: ...`, what is not known left out. */
function inFull(record: AuditRecord, look: Look): string {
  const { time, id, topic, account, character, ip, port, listener, protocol, session, exchange, room, node, event, latency_ms, cut } = record;
  const known = (label: string, value: unknown): string => (given(value) ? `${label}${shown(value)}` : '');
  const listed = (...parts: readonly string[]): string => parts.filter(Boolean).join(', ');
  const address = given(ip) ? `from ${shown(ip)}${given(port) ? ` port ${shown(port)}` : ''}` : '';
  const rows: readonly (readonly [string, string])[] = [
    ['who', listed(known('', account), known('as ', character), address)],
    ['where', listed(known('listener ', listener), known('', protocol), known('node ', node), known('session ', session), known('in ', room))],
    ['what', `${ARROWS[wayOf(record)]} ${bodyOf(record, look)}`.replaceAll('\n', `\n${' '.repeat(11)}`)],
    ['also', listed(known('exchange ', exchange), known('event ', event), known('after ms ', latency_ms), known('cut: ', cut), maskedOf(record))],
  ];
  const head = `${shown(time)}  ${shown(topic)}  ${shown(id)}`;
  const lines = rows.flatMap(([name, what]) => (what ? `  ${name.padEnd(7)}${what}` : []));
  return `${[look.colour ? `${GREY}${head}${PLAIN}` : head, ...lines].join('\n')}\n`;
}

function maskedOf({ masked }: AuditRecord): string {
  if (!Array.isArray(masked) || masked.length === 0) return '';
  const names = (masked as readonly unknown[]).map((span) => shown((span as Data | null)?.mask ?? '-'));
  return `masked by ${[...new Set(names)].join(' ')}`;
}

/** `1h02m`, `3m05s`, `12s`. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (number: number): string => String(number).padStart(2, '0');
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`;
}

/** One session in a line: `ID 2026-01-31 12:00:01 3m05s alice main 192.0.2.7 34> 120< closed by client`. */
export function sessionForPeople(one: SessionSummary, look: Look): string {
  const { session, started, ended, accounts, account, ip, listener, inputs, outputs, gaps, faults, reason, by } = one;
  const when = new Date(started).toISOString().slice(0, 19).replace('T', ' ');
  const names = accounts.length > 0 ? accounts.map(shown).join(',') : shown(account ?? '-');
  const end = ended === null ? 'open' : `${shown(reason ?? 'ended')}${given(by) ? ` by ${shown(by)}` : ''}`;
  const harm = gaps + faults > 0 ? `, gaps: ${gaps}, faults: ${faults}` : '';
  const lasted = (ended === null ? '-' : lengthOf(ended - started)).padStart(6);
  const line = `${when} ${lasted} ${names} ${shown(listener)} ${shown(ip ?? '-')} ${inputs}> ${outputs}< ${end}${harm}`;
  return look.colour ? `${GREY}${shown(session)}${PLAIN} ${line}\n` : `${shown(session)} ${line}\n`;
}
