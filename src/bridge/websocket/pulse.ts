/**
 * Finds the peer of a WebSocket gone that says nothing any more (RFC 6455 5.5.2): asks it by pings, which also keep proxies in between from ending what they
 * take for idle. Receives an open `ws`, tells once. A peer that reads nothing, or that we do not read, is not asked: its silence says nothing.
 */
import type WebSocket from 'ws';

/** How often a peer is asked, in milliseconds: proxies end what is silent for a minute (nginx). */
const PULSE_MS = 30_000;
/** Questions without an answer, or any other word, before the peer is gone: two minutes, so that a train may pass a tunnel. */
const MOST_UNANSWERED = 4;

/** Asks until the WebSocket is closed, or its peer is gone: then `gone` is called. */
export function watchPulse(ws: WebSocket, gone: () => void, pulseMs: number = PULSE_MS): void {
  let unanswered = 0;
  const heard = (): void => {
    unanswered = 0;
  };
  const ask = (): void => {
    if (ws.isPaused || ws.bufferedAmount > 0) return heard();
    if (unanswered++ < MOST_UNANSWERED) return ws.ping();
    clearInterval(timer);
    gone();
  };
  const timer = setInterval(ask, pulseMs).unref();
  ws.on('message', heard).on('ping', heard).on('pong', heard);
  ws.once('close', () => clearInterval(timer));
}
