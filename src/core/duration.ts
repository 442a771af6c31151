/** The micro sign is escaped, as the built program is a file of ASCII, which V8 reads faster. */
const UNIT_SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, '\u00b5s': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const PART = /(\d+(?:\.\d+)?|\.\d+)(ns|us|\u00b5s|ms|s|m|h|d)/y;

/**
 * Reads a Go duration (time.ParseDuration: `24h`, `1h30m`, `1.5h`) and, beyond Go, `d` for 24 hours.
 * Returns seconds, or null for anything else; negative durations are nothing here.
 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (match === null) return null;
    seconds += Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? Number.NaN);
  }
  return text === '' || !Number.isFinite(seconds) ? null : seconds;
}

/** `2160h`, `24h`, `1h30m`, `45s`: seconds in the shortest Go form, rounded to whole seconds. */
export function durationText(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 && whole > 0 ? '-' : '';
  const parts = [[Math.floor(whole / 3600), 'h'], [Math.floor(whole / 60) % 60, 'm'], [whole % 60, 's']] as const;
  const text = parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join('');
  return sign + (text === '' ? '0s' : text);
}
