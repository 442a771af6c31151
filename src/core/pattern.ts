/**
 * Whether `value` matches `pattern`, in which `*` stands for any run of characters within one segment: it never
 * crosses a `separator`, so that `*.foo.svc` is not `a.b.foo.svc` and `spiffe://td/ns/*` is not every identity below it.
 * A segment of `*` alone matches no empty segment. Linear in time: patterns meet hostile values.
 */
export function matchesPattern(pattern: string, value: string, separator: '.' | '/'): boolean {
  const patterns = pattern.split(separator);
  const segments = value.split(separator);
  return patterns.length === segments.length && patterns.every((part, i) => matchesSegment(part, segments[i] ?? ''));
}

function matchesSegment(pattern: string, segment: string): boolean {
  if (/^\*+$/.test(pattern)) return segment !== '';
  const [head, ...tail] = pattern.split('*');
  if (head === undefined || tail.length === 0) return pattern === segment;
  const last = tail.pop() ?? '';
  if (segment.length < head.length + last.length || !segment.startsWith(head) || !segment.endsWith(last)) return false;
  let from = head.length;
  const end = segment.length - last.length;
  for (const literal of tail) {
    const at = segment.indexOf(literal, from);
    if (at < 0 || at + literal.length > end) return false;
    from = at + literal.length;
  }
  return true;
}

/**
 * DNS names compare without case (RFC 5280 §7.2). A wildcard name in a request is matched only by the very same text
 * in the configuration: `*.foo.svc` as a pattern already says "any name of foo", and whoever wants the wildcard
 * certificate itself writes it as such.
 */
export function matchesDnsName(pattern: string, name: string): boolean {
  const [p, n] = [pattern.toLowerCase(), name.toLowerCase()];
  return n.includes('*') ? p === n : matchesPattern(p, n, '.');
}

/** Characters by which a URI can mean something else to the next reader than its segments say. */
const AMBIGUOUS = /[%?#@\\]|(^|\/)\.{1,2}(\/|$)/;

/**
 * URIs compare byte for byte; a URI that another reader could normalise matches only its literal self. `*` never crosses a `/`, nor a dot of
 * the host: `https://*.foo.example/` would otherwise be whatever its owner puts below a.foo.example.
 */
export function matchesUri(pattern: string, uri: string): boolean {
  if (pattern === uri) return true;
  if (AMBIGUOUS.test(uri)) return false;
  const [patterns, segments] = [pattern.split('/'), uri.split('/')];
  return patterns.length === segments.length && patterns.every((part, i) => (isHost(patterns, i) ? matchesPattern(part, segments[i] ?? '', '.') : matchesSegment(part, segments[i] ?? '')));
}

/** Whether a URI pattern with `*` matches nothing but itself, as every URI of its shape is ambiguous. */
export function isDeadUriPattern(pattern: string): boolean {
  return pattern.includes('*') && AMBIGUOUS.test(pattern);
}

/** RFC 3986 §3.2: what stands between two slashes and the next is the authority. */
function isHost(segments: readonly string[], i: number): boolean {
  return i === 2 && segments[1] === '' && segments[0]?.endsWith(':') === true;
}
