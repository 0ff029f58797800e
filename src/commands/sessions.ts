/** `wirescribe sessions`: who was connected when, one line a session, or one JSON object. */
import { EXIT } from '../errors.js';
import type { SessionSummary } from '../store-contract.js';
import { readFilters } from '../view/filter-words.js';
import { sessionForPeople } from '../view/people.js';
import { beginLook } from './look.js';
import { countOf, type Looking, oneOf, onlySession, screenOf, withAudit } from './looking.js';

const USUAL_LIMIT = 1_000;

/** Runs it. Exit 1 where there is none. */
export const sessionsCommand = (looking: Looking): Promise<number> =>
  withAudit(looking, async (audit) => {
    const { line, settings } = looking;
    const [from, to] = [oneOf(line, 'from'), oneOf(line, 'to')];
    const found = audit.sessions({
      filter: line.words,
      limit: countOf(line, 'limit') ?? USUAL_LIMIT,
      ...(from === undefined ? {} : { seek: from }),
      ...(to === undefined ? {} : { seekEnd: to }),
      ...(line.flags.has('open') ? { open: true } : {}),
    });
    const filters = readFilters(line.words);
    const look = await beginLook(settings, { topic: 'access.view', method: 'sessions', filters, session: onlySession(filters), from, to }, looking);
    const screen = screenOf(looking, true);
    const show = line.flags.has('json')
      ? (one: SessionSummary) => `${JSON.stringify(one)}\n`
      : (one: SessionSummary) => sessionForPeople(one, screen);
    let sessions = 0;
    for await (const one of found) {
      if (screen.signal.aborted) break;
      sessions++;
      await screen.write(show(one));
    }
    await screen.close();
    await look.end(sessions);
    return sessions === 0 ? EXIT.no : EXIT.done;
  });
