import { readFileSync } from 'node:fs';

const DOCUMENT = new URL('../../docs/certificate-profile.md', import.meta.url);

/** The numbered lines of docs/certificate-profile.md: number to text. */
export function profileLines(): ReadonlyMap<string, string> {
  const lines = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^- \*\*(P\d+)\*\* (.+)$/gm)];
  return new Map(lines.map(([, number = '', text = '']) => [number, text]));
}

/**
 * Quotes a line of the certificate profile, for the name of the test that shows it. Throws when the document says something else
 * there: whoever changes a promise changes the test that keeps it.
 */
export function profile(number: string, text: string): string {
  const line = profileLines().get(number);
  if (line !== text) throw new Error(`A test quotes ${number} of docs/certificate-profile.md as "${text}"; it says ${line === undefined ? 'nothing' : `"${line}"`}`);
  return `${number} ${text}`;
}
