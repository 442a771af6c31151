/** A PEM block (RFC 7468): 64 columns, with a final newline. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Largest PEM text of a request: a hundred names and an RSA-4096 key are below 16 KiB. */
const MAX_REQUEST_PEM = 64 * 1024;

/** Largest PEM text of certificates: a Secret cannot hold more than 1 MiB. */
const MAX_CERTIFICATES_PEM = 1024 * 1024;

/**
 * The DER of a text that is exactly one PEM block of that label, with nothing but white space around it. Text
 * around it, headers in it and further blocks are refused although the API server lets them pass: Go takes the first
 * block, other readers the last or the one without headers, and what was judged must be what was asked for.
 * `problem` says what was found.
 */
export function decodePem(text: string, label: string): { ok: true; der: Uint8Array } | { ok: false; problem: string } {
  if (text.length > MAX_REQUEST_PEM) return { ok: false, problem: `${text.length} bytes of PEM, more than ${MAX_REQUEST_PEM}` };
  if (text.trim() === '') return { ok: false, problem: 'nothing' };
  if (/[^\t\n\r -~]/.test(text)) return { ok: false, problem: 'a character that PEM does not have' };
  const { blocks, before, after } = layout(text.split('\n').map((line) => line.trimEnd()));
  const [block, ...surplus] = blocks;
  if (block === undefined) return { ok: false, problem: 'no PEM block' };
  if (surplus.length > 0) return { ok: false, problem: `${blocks.length} PEM blocks` };
  if (block.label !== label) return { ok: false, problem: `a PEM block ${shown(block.label)}` };
  if (block.end !== label) return { ok: false, problem: endProblem(block) };
  if (before) return { ok: false, problem: 'text before the PEM block' };
  if (after) return { ok: false, problem: 'text after the PEM block' };
  return decodeBody(block);
}

/**
 * The DER of every certificate of a text, in its order. Text around blocks is tolerated (CA files carry comments
 * and the output of `openssl x509 -text`), indentation too. A block of any other label is refused: a private key or
 * a CRL among certificates is a mistake that should not pass unseen. The text is never repeated in `problem`: it
 * might be a key.
 */
export function decodeCertificates(text: string): { ok: true; ders: Uint8Array[] } | { ok: false; problem: string } {
  if (text.length > MAX_CERTIFICATES_PEM) return { ok: false, problem: `${text.length} bytes of PEM, more than ${MAX_CERTIFICATES_PEM}` };
  const ders: Uint8Array[] = [];
  for (const block of layout(text.split('\n').map((line) => line.trim())).blocks) {
    const fail = (problem: string): { ok: false; problem: string } => ({ ok: false, problem: `PEM block ${ders.length + 1}: ${problem}` });
    if (block.label !== 'CERTIFICATE') return fail(`${shown(block.label)} instead of CERTIFICATE`);
    if (block.end !== block.label) return fail(endProblem(block));
    const decoded = decodeBody(block);
    if (!decoded.ok) return fail(decoded.problem);
    ders.push(decoded.der);
  }
  return ders.length > 0 ? { ok: true, ders } : { ok: false, problem: 'no PEM block CERTIFICATE' };
}

type Block = { readonly label: string; end: string | null; readonly body: string[] };

/** Cuts lines into blocks; `before` and `after` tell whether any text stands outside them. One pass, whatever the text. */
function layout(lines: readonly string[]): { blocks: Block[]; before: boolean; after: boolean } {
  const blocks: Block[] = [];
  const outside = { before: false, after: false };
  let open: Block | null = null;
  for (const line of lines) {
    const label = labelOf(line, '-----BEGIN ');
    const end = labelOf(line, '-----END ');
    if (label !== null) {
      open = { label, end: null, body: [] };
      blocks.push(open);
    } else if (open !== null && end !== null) {
      open.end = end;
      open = null;
    } else if (open !== null) open.body.push(line);
    else if (line !== '') outside[blocks.length === 0 ? 'before' : 'after'] = true;
  }
  return { blocks, ...outside };
}

function labelOf(line: string, start: string): string | null {
  return line.startsWith(start) && line.endsWith('-----') ? line.slice(start.length, -5) : null;
}

/** Node skips characters that are not base64 and takes the URL alphabet too: what it read must be what is written. */
function decodeBody({ body }: Block): { ok: true; der: Uint8Array } | { ok: false; problem: string } {
  if (body.some((line) => line.includes(':'))) return { ok: false, problem: 'PEM headers' };
  const text = body.join('');
  const der = Buffer.from(text, 'base64');
  if (text === '') return { ok: false, problem: 'an empty PEM block' };
  return der.toString('base64') === text ? { ok: true, der } : { ok: false, problem: 'malformed base64' };
}

function endProblem({ end }: Block): string {
  return end === null ? 'a PEM block without its END line' : `a PEM block that ends as ${shown(end)}`;
}

/** A label for a message; one that was made to be long or odd is not repeated. */
function shown(label: string): string {
  return /^[A-Z0-9 ]{1,40}$/.test(label) ? label : 'of an odd label';
}
