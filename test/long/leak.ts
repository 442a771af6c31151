/**
 * Arguments for Node that make any program leak: a hundred times a second a piece of heap, a timer, a socket and a listener that nobody takes
 * back.
 */
export function leaking(): string[] {
  const script = `
    import { createServer } from 'node:net';
    const kept = [];
    const { signal } = new AbortController();
    setInterval(() => {
      kept.push(Array.from({ length: 5000 }, () => Math.random()));
      kept.push(setTimeout(() => {}, 2 ** 30));
      kept.push(createServer().listen(0, '127.0.0.1'));
      signal.addEventListener('abort', () => kept.length);
    }, 10);
  `;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
}
