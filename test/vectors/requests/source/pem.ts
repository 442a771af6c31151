import { encodePem } from '../../../../src/core/pem.ts';
import { requestDer } from '../../../support/der/request.ts';
import { SPIFFE_SAN, pem } from './accepted.ts';
import { refusedText } from './refused.ts';
import type { Refused } from './vector.ts';

const DER = requestDer({ extensions: [SPIFFE_SAN] });
const PEM = pem(DER);
const BASE64 = Buffer.from(DER).toString('base64');
const LAST = BASE64.slice(-4);

/** Wrong before the first byte of DER. Several of these pass the API server, which takes the first block it finds. */
export const pemVectors: readonly Refused[] = [
  text('pem-nothing', 'an empty request', 'nothing', ''),
  text('pem-no-block', 'text without a block', 'no PEM block', 'please sign\n'),
  text('pem-bare-base64', 'the base64 without its BEGIN and END lines', 'no PEM block', `${BASE64}\n`),
  text('pem-new-certificate-request', 'the label of older tools, which Kubernetes refuses too', 'NEW CERTIFICATE REQUEST', encodePem('NEW CERTIFICATE REQUEST', DER)),
  text('pem-certificate', 'the label of a certificate', 'a PEM block CERTIFICATE', encodePem('CERTIFICATE', DER)),
  text('pem-odd-label', 'a label that is not repeated into the message', 'of an odd label', encodePem('certificate request', DER)),
  text('pem-text-before', 'a comment before the block', 'text before', `# for httpbin\n${PEM}`),
  text('pem-text-after', 'a comment after the block', 'text after', `${PEM}# for httpbin\n`),
  text('pem-no-break-space', 'a no-break space at the end of a line, which JavaScript takes for white space', 'a character that PEM does not have', PEM.replace('-----\n', '-----\u00a0\n')),
  text('pem-indented', 'an indented BEGIN line, which Go does not see', 'no PEM block', PEM.replace(/^/gm, '  ')),
  text('pem-two-blocks', 'a second request behind the first', '2 PEM blocks', PEM + PEM),
  text('pem-second-of-another-label', 'a certificate behind the request', '2 PEM blocks', PEM + encodePem('CERTIFICATE', DER)),
  text('pem-headers', 'headers of RFC 1421 inside the block', 'PEM headers', PEM.replace('-----\n', '-----\nProc-Type: 4,CLEAR\n\n')),
  text('pem-no-end', 'no END line', 'without its END line', PEM.slice(0, PEM.indexOf('-----END'))),
  text('pem-another-end', 'an END line of another label', 'ends as CERTIFICATE', PEM.replace('END CERTIFICATE REQUEST', 'END CERTIFICATE')),
  text('pem-empty-block', 'nothing between BEGIN and END', 'empty PEM block', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n'),
  text('pem-url-alphabet', 'the URL alphabet of base64', 'malformed base64', PEM.replace(/^M[^-]*/m, (body) => body.replaceAll('+', '-').replaceAll('/', '_'))),
  text('pem-stray-character', 'a character that is not base64, which Node would skip', 'malformed base64', PEM.replace('\nMI', '\nM!I')),
  text('pem-space-inside', 'a space within a line', 'malformed base64', PEM.replace('\nMI', '\nM I')),
  text('pem-padding-missing', 'the padding left out', 'malformed base64', PEM.replace(LAST, LAST.replaceAll('=', ''))),
  text('pem-loose-bits', 'bits after the last octet that are not zero', 'malformed base64', PEM.replace(LAST, looseBits(LAST))),
];

function text(name: string, what: string, reason: string, request: string): Refused {
  return refusedText(name, what, { field: 'spec.request', reason }, request);
}

/** The same octets with the unused bits of the last base64 character set. */
function looseBits(quartet: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  if (!quartet.endsWith('=')) throw new RangeError('this request needs no padding');
  const at = quartet.indexOf('=') - 1;
  return `${quartet.slice(0, at)}${alphabet[alphabet.indexOf(quartet[at] ?? 'A') + 1]}${quartet.slice(at + 1)}`;
}
