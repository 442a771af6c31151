import { between, slopePerMinute, type Rest, type Sample } from './analysis.ts';

const COLUMNS: readonly { readonly title: string; readonly text: (sample: Sample) => string }[] = [
  { title: 'minute', text: ({ seconds }) => (seconds / 60).toFixed(1) },
  { title: 'RSS MB', text: ({ rss }) => rss.toFixed(1) },
  { title: 'heap MB', text: ({ heap }) => heap.toFixed(1) },
  { title: 'sockets', text: ({ sockets }) => String(sockets) },
  { title: 'timers', text: ({ timers }) => String(timers) },
  { title: 'pending', text: ({ pending }) => String(pending) },
];

export function header(): string {
  return COLUMNS.map(({ title }) => title.padStart(8)).join('');
}

export function row(sample: Sample): string {
  return COLUMNS.map(({ text }) => text(sample).padStart(8)).join('');
}

/** `from`: the minute from which on the memory is judged; null: it is not. */
export function slopeLine(samples: readonly Sample[], from: number | null): string {
  const slope = (what: 'rss' | 'heap'): string => slopePerMinute(between(samples, from ?? 0, Infinity), what).toFixed(3);
  return `RSS ${slope('rss')} MB a minute, heap with its garbage ${slope('heap')}, ${from === null ? 'of too short a time to judge it' : `both from minute ${from} on`}`;
}

export function restLine(before: Rest, after: Rest): string {
  const pairs = Object.entries(before).map(([name, value]) => `${name} ${figure(value)} -> ${figure(after[name as keyof Rest])}`);
  return `at rest, before and after the load: ${pairs.join(', ')}`;
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
