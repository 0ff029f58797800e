/**
 * One record's way past the modules of AUDIT_PROVIDERS: all of them are asked at once what they add, then each `beforeRecord` in turn what it changes. Receives
 * a masked record, changes it in place; whatever a module gives passes the masks before anybody sees it. Never throws: what fails, is late or is no JSON
 * leaves the record as it was, and is said.
 */
import type { BeforeRecord, EventLabel, MaskedData, MaskedUtterance, Provide, ProviderOptions, RecordDraft, TimeUs, Topic } from '../contract.js';

/** A module, loaded. */
export interface Module {
  readonly name: string;
  readonly options: ProviderOptions;
  readonly timeoutMs: number;
  readonly provide: Provide | undefined;
  readonly beforeRecord: BeforeRecord | undefined;
  /** Told why a record goes on without what it would have done. */
  failed(code: ProviderFault): void;
}

/** Codes of `audit.fault` in the stage `provider` (FORMAT.md). */
export type ProviderFault = 'provider-threw' | 'provider-late' | 'provider-answer' | 'provider-flood';

/** A record, masked and not sealed yet. */
export interface Unsealed {
  /** Who and where: what does not change on the way. */
  readonly about: Omit<RecordDraft, 'text' | 'data' | 'event' | 'event_type' | 'custom'>;
  readonly at: TimeUs;
  utterance?: MaskedUtterance | undefined;
  readonly data?: MaskedData | undefined;
  label?: EventLabel | undefined;
  custom?: MaskedData | undefined;
  dropped?: boolean | undefined;
}

/** The session's masks, as far as a round needs them. */
export interface Scrubber {
  rewrite(utterance: MaskedUtterance, text: string, at: TimeUs): MaskedUtterance;
  scrubForeign(data: { readonly [name: string]: unknown }, at: TimeUs): MaskedData;
}

/** What a module may add or a hook may give under one name. Bytes of JSON. */
const MOST_BYTES = 4_096;
/** Members of `custom` that a hook may give. */
const MOST_MEMBERS = 32;
const CODE = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
/** What may be changed or dropped: what was said. The rest says that something happened. */
const CHANGEABLE: readonly Topic[] = ['session.input', 'session.output', 'session.oob'];

type Members = { readonly [name: string]: unknown };

export class Round {
  readonly #unsealed: Unsealed;
  readonly #modules: readonly Module[];
  readonly #masks: Scrubber;
  readonly #over: () => void;
  /** Who is being waited for: each ends its wait. */
  readonly #waits = new Set<() => void>();
  #hurried = false;
  #open = 0;
  #next: () => void = () => undefined;
  done = false;

  /** @param over called once the record is as it is to be sealed, perhaps before `begin` returns */
  constructor(unsealed: Unsealed, modules: readonly Module[], masks: Scrubber, over: () => void) {
    this.#unsealed = unsealed;
    this.#modules = modules;
    this.#masks = masks;
    this.#over = over;
  }

  begin(): void {
    const asked = this.#modules.filter(({ provide }) => provide);
    const answers = new Map<string, unknown>();
    const draft = asked.length > 0 ? this.#draft() : undefined;
    this.#stage(
      () => {
        for (const module of asked) this.#ask(module, module.provide, draft, (answer) => this.#add(module, answer, answers));
      },
      () => {
        const added = asked.flatMap(({ name }) => (answers.has(name) ? [[name, answers.get(name)] as const] : []));
        if (added.length > 0) this.#unsealed.custom = this.#masks.scrubForeign(Object.fromEntries(added), this.#unsealed.at);
        this.#hook(0);
      },
    );
  }

  /** Waits for nobody any more: the record goes as it is, past the modules that answer at once. */
  hurry(): void {
    this.#hurried = true;
    for (const end of [...this.#waits]) end();
  }

  #hook(index: number): void {
    const hooks = CHANGEABLE.includes(this.#unsealed.about.topic) ? this.#modules.filter(({ beforeRecord }) => beforeRecord) : [];
    const module = hooks[index];
    if (!module || this.#unsealed.dropped) {
      this.done = true;
      return this.#over();
    }
    this.#stage(
      () => this.#ask(module, module.beforeRecord, this.#draft(), (answer) => this.#change(module, answer)),
      () => this.#hook(index + 1),
    );
  }

  /** Asks, and goes on with `next` once nobody is waited for. */
  #stage(ask: () => void, next: () => void): void {
    this.#open = 1;
    this.#next = next;
    ask();
    this.#close();
  }

  #close(): void {
    if (--this.#open === 0) this.#next();
  }

  #ask(module: Module, call: Provide | BeforeRecord | undefined, draft: RecordDraft | undefined, take: (answer: unknown) => void): void {
    guarded(module, () => {
      const answer: unknown = draft && call?.(draft, module.options);
      if (isThenable(answer)) this.#wait(module, answer, take);
      else take(answer);
    });
  }

  #wait(module: Module, answer: PromiseLike<unknown>, take: (answer: unknown) => void): void {
    const promise = Promise.resolve(answer);
    if (this.#hurried) {
      promise.catch(() => undefined);
      return module.failed('provider-flood');
    }
    this.#open++;
    let timer: NodeJS.Timeout | undefined;
    const end = (work: () => void): void => {
      if (!this.#waits.delete(flood)) return;
      clearTimeout(timer);
      guarded(module, work);
      this.#close();
    };
    const flood = (): void => end(() => module.failed('provider-flood'));
    this.#waits.add(flood);
    timer = setTimeout(() => end(() => module.failed('provider-late')), module.timeoutMs);
    promise.then(
      (value) => end(() => take(value)),
      () => end(() => module.failed('provider-threw')),
    );
  }

  #draft(): RecordDraft {
    const { about, utterance, data, label, custom } = this.#unsealed;
    return frozen({
      ...about,
      ...(utterance?.text === undefined ? {} : { text: utterance.text }),
      ...(data ? { data: data.value } : {}),
      ...(label ? { event: label.event } : {}),
      ...(label?.type === undefined ? {} : { event_type: label.type }),
      ...(custom ? { custom: custom.value } : {}),
    });
  }

  #add(module: Module, answer: unknown, answers: Map<string, unknown>): void {
    if (answer === undefined || answer === null) return;
    const plain = plainOf(answer);
    if (plain === undefined) module.failed('provider-answer');
    else answers.set(module.name, plain);
  }

  #change(module: Module, answer: unknown): void {
    if (answer === undefined) return;
    if (answer === null) {
      this.#unsealed.dropped = true;
      return;
    }
    if (typeof answer !== 'object') return module.failed('provider-answer');
    const { text, custom, event, event_type: type } = answer as Members;
    const good = [this.#setText(text), this.#setCustom(custom), this.#setEvent(event, type)];
    if (good.includes(false)) module.failed('provider-answer');
  }

  /** Of what is withheld there is no text to change. Gives whether it could be taken. */
  #setText(text: unknown): boolean {
    const { utterance, at } = this.#unsealed;
    if (text === undefined || text === utterance?.text) return true;
    if (typeof text !== 'string' || utterance?.text === undefined) return false;
    this.#unsealed.utterance = this.#masks.rewrite(utterance, text, at);
    return true;
  }

  #setCustom(custom: unknown): boolean {
    if (custom === undefined || custom === this.#unsealed.custom?.value) return true;
    if (custom === null) {
      this.#unsealed.custom = undefined;
      return true;
    }
    if (typeof custom !== 'object' || Array.isArray(custom)) return false;
    const members = Object.entries(custom)
      .slice(0, MOST_MEMBERS)
      .map(([name, value]) => [name, plainOf(value)] as const);
    const plain = members.filter(([name, value]) => value !== undefined && name.length <= MOST_BYTES);
    this.#unsealed.custom = plain.length > 0 ? this.#masks.scrubForeign(Object.fromEntries(plain), this.#unsealed.at) : undefined;
    return plain.length === Object.keys(custom).length;
  }

  /** An event stands in the head, which is never erased, so it is a code, and none that a mask would touch. */
  #setEvent(event: unknown, type: unknown): boolean {
    const { label } = this.#unsealed;
    if ((event === undefined || event === label?.event) && (type === undefined || type === label?.type)) return true;
    if (event === null) {
      this.#unsealed.label = undefined;
      return true;
    }
    const code = event ?? label?.event;
    const kind = type === undefined && event === label?.event ? label?.type : (type ?? undefined);
    if (!this.#isCode(code) || (kind !== undefined && !this.#isCode(kind))) return false;
    this.#unsealed.label = { ...(code === label?.event ? label : {}), event: code, ...(kind === undefined ? {} : { type: kind }) };
    return true;
  }

  #isCode(value: unknown): value is string {
    if (typeof value !== 'string' || value.length > 64 || !CODE.test(value)) return false;
    return this.#masks.scrubForeign({ value }, this.#unsealed.at).value.value === value;
  }
}

/** What a module gave may throw wherever it is looked at. */
function guarded(module: Module, work: () => void): void {
  try {
    work();
  } catch {
    module.failed('provider-threw');
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';

/** The same as JSON has it; undefined where it cannot be that, or is too large. */
function plainOf(value: unknown): unknown {
  try {
    const json = JSON.stringify(value);
    return json === undefined || Buffer.byteLength(json) > MOST_BYTES ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
