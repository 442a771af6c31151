import type { Style } from '../style.ts';
import { tableText } from '../output.ts';
import { accepted, type Handshake } from './handshake.ts';
import type { Answer } from './istiod.ts';

/** One request of the demo: who asked whom for what, what is promised, and what came of it. */
export type RequestRow = {
  readonly from: string;
  readonly identity: string;
  readonly signer: string;
  readonly expected: 'issued' | 'refused';
  readonly answer: Answer;
  /** Subject of the CA that signed; null when nothing was signed. */
  readonly issuer: string | null;
  readonly milliseconds: number;
};

export type HandshakeRow = { readonly client: string; readonly server: string; readonly expected: boolean; readonly result: Handshake };

export function requestTable(rows: readonly RequestRow[], paint: Style): string {
  const cells = rows.map((row) => [row.from, row.identity, row.signer, outcome(row.answer), row.issuer ?? '-', `${row.milliseconds} ms`, isAsPromised(row) ? '' : 'NOT AS PROMISED']);
  return tableText(['REQUESTER', 'ASKS FOR', 'OF SIGNER', 'DECISION', 'ISSUER', 'TIME', ''], cells, (line, row) => (row === null ? paint.bold(line) : row[6] !== '' ? paint.red(line) : row[4] === '-' ? paint.yellow(line) : paint.green(line)));
}

export function handshakeTable(rows: readonly HandshakeRow[], paint: Style): string {
  const cells = rows.map((row) => [row.client, row.server, accepted(row.result) ? 'ok' : 'refused', reasons(row.result), accepted(row.result) === row.expected ? '' : 'NOT AS PROMISED']);
  return tableText(['CLIENT', 'SERVER', 'HANDSHAKE', 'WHY', ''], cells, (line, row) => (row === null ? paint.bold(line) : row[4] !== '' ? paint.red(line) : row[2] === 'ok' ? paint.green(line) : paint.yellow(line)));
}

/** Issued by the tenant's own CA, or refused by policy: silence is no refusal. */
export function isAsPromised({ expected, answer, issuer, signer }: RequestRow): boolean {
  if (answer.issued) return expected === 'issued' && issuer === `CN=${signer}`;
  return expected === 'refused' && answer.reason === 'PolicyViolation';
}

/** `issued`, `Failed (PolicyViolation)`. */
function outcome(answer: Answer): string {
  return answer.issued ? 'issued' : `${answer.condition}${answer.reason === '' ? '' : ` (${answer.reason})`}`;
}

function reasons({ client, server }: Handshake): string {
  return [client === null ? null : `client: ${client}`, server === null ? null : `server: ${server}`].filter((each) => each !== null).join('; ');
}
