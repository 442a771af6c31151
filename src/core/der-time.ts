/**
 * The two times of RFC 5280 §4.1.2.5, of which DER leaves one spelling each: to the second and in Zulu. Two-digit
 * years below 50 are of this century (§4.1.2.5.1). Gives null for anything else, the 30th of February included:
 * asn1js would read month 13 as January.
 */
export function parseTime(kind: 'utc' | 'generalized', content: Uint8Array): Date | null {
  const pairs = kind === 'utc' ? 6 : 7;
  if (content.length !== 2 * pairs + 1 || content[2 * pairs] !== 0x5a) return null;
  const [first, second] = [pair(content, 0), pair(content, 2)];
  const year = kind === 'generalized' ? first * 100 + second : first + (first < 50 ? 2000 : 1900);
  const [month, day, hour, minute, sec] = [pair(content, 2 * pairs - 10), pair(content, 2 * pairs - 8), pair(content, 2 * pairs - 6), pair(content, 2 * pairs - 4), pair(content, 2 * pairs - 2)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, sec);
  // What is out of its range is carried over by Date, and what is no digit makes it invalid: then it reads otherwise than it was written.
  const asWritten = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour && date.getUTCMinutes() === minute && date.getUTCSeconds() === sec;
  return asWritten ? date : null;
}

/** Two decimal digits; NaN where one is none. */
function pair(content: Uint8Array, at: number): number {
  const [tens, ones] = [(content[at] ?? 0) - 0x30, (content[at + 1] ?? 0) - 0x30];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
