/** What goes back for one request. */
export type Answer = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** A page. Never kept by a cache on the way, never guessed to be of another type than it says. */
export function answer(status: number, contentType: string, body: string): Answer {
  const charset = contentType.includes('charset') ? '' : '; charset=utf-8';
  return { status, headers: { 'content-type': contentType + charset, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }, body };
}

export function notFound(): Answer {
  return answer(404, 'text/plain', 'not found; here are /metrics, /livez and /readyz\n');
}

export function notAllowed(): Answer {
  const page = answer(405, 'text/plain', 'only GET and HEAD\n');
  return { ...page, headers: { ...page.headers, allow: 'GET, HEAD' } };
}
