/** The age of something as kubectl shows it: coarser as it grows. `<unknown>` for a time that is not there. */
export function ageSince(timestamp: string, now: Date): string {
  const start = Date.parse(timestamp);
  return Number.isNaN(start) ? '<unknown>' : humanDuration(Math.trunc((now.getTime() - start) / 1000));
}

/** Whole seconds as the API server's tables print them. */
export function humanDuration(seconds: number): string {
  // A clock two seconds behind counts as now.
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  return days < 2920 ? pair(Math.floor(days / 365), 'y', days % 365, 'd') : `${Math.floor(days / 365)}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
