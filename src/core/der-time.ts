/**
 * The two times of RFC 5280 §4.1.2.5, of which DER leaves one spelling each: to the second and in Zulu. Two-digit
 * years below 50 are of this century (§4.1.2.5.1). Gives null for anything else, the 30th of February included:
 * asn1js would read month 13 as January.
 */
export function parseTime(kind: 'utc' | 'generalized', content: Uint8Array): Date | null {
  const text = Buffer.from(content).toString('latin1');
  const [, digits] = (kind === 'utc' ? /^(\d{12})Z$/ : /^(\d{14})Z$/).exec(text) ?? [];
  if (digits === undefined) return null;
  const full = kind === 'generalized' ? digits : `${digits < '50' ? '20' : '19'}${digits}`;
  const iso = full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6.000Z');
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? null : date;
}
