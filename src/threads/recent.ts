/** One answer for all who ask within a time: however many ask, whoever answers is asked that seldom. Knows nothing of what is asked. */

/** @param ms how old an answer may be, from when it was asked for, in milliseconds */
export function recent<T>(ask: () => Promise<T>, ms: number): () => Promise<T> {
  let asked: { readonly answer: Promise<T>; readonly at: number } | undefined;
  return () => {
    const now = performance.now();
    if (!asked || now - asked.at >= ms) asked = { answer: ask(), at: now };
    return asked.answer;
  };
}
