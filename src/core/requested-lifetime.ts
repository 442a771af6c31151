import { parseDuration } from './duration.ts';
import type { Observed } from './observed.ts';
import { quoted, type Violation } from './violation.ts';

/** Older Istio writes the lifetime here and not into spec.expirationSeconds (istio#45006); read when the latter is absent. */
export const DURATION_ANNOTATION = 'experimental.cert-manager.io/request-duration';

/** Seconds, null when nothing is asked for, or what is wrong with the field or the annotation. */
export function requestedLifetime({ expirationSeconds, annotations }: Pick<Observed, 'expirationSeconds' | 'annotations'>): number | null | Violation {
  const text = annotations[DURATION_ANNOTATION];
  // The API server asks for ten minutes at least; below a second there is no validity to write down.
  if (expirationSeconds !== null) return expirationSeconds >= 1 ? expirationSeconds : { field: 'spec.expirationSeconds', found: String(expirationSeconds), allowed: '600 or more' };
  if (text === undefined) return null;
  const seconds = parseDuration(text);
  return seconds !== null && seconds >= 1 ? seconds : { field: `annotation ${DURATION_ANNOTATION}`, found: quoted(text), allowed: 'a Go duration of a second or more, e.g. "24h"' };
}
