const REDACTED = '[redacted]';

/** Fields whose value is a secret whatever it looks like. */
const SECRET_FIELD = /^(authorization|password|passphrase|token|secret|private_?key|tls\.key|client-key-data)$/i;

/** A private key in PEM, also with its newlines escaped, also when its end was cut off. */
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|[^]*)/g;

/** Credentials of an HTTP request as client libraries print them. */
const CREDENTIALS = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi;

/** A JSON web token, as service accounts have, without the word before it: three parts, the first of which starts with `{"`. */
const WEB_TOKEN = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;

/** Base64 of `-----BEGIN `: how a Secret's data looks on the wire. */
const ENCODED_PEM = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;

/** The text with everything in it replaced that looks like a private key or a credential. The last line of defence: none should come this far. */
export function redact(text: string): string {
  if (!looksSecret(text)) return text;
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(CREDENTIALS, (_, scheme: string) => `${scheme} ${REDACTED}`)
    .replace(WEB_TOKEN, REDACTED)
    .replace(ENCODED_PEM, (encoded) => (Buffer.from(encoded, 'base64').toString('latin1').includes('PRIVATE KEY') ? REDACTED : encoded));
}

/** What each of the patterns above needs, by searches that cost a tenth of them: nearly every text has none of it. */
function looksSecret(text: string): boolean {
  return text.includes('-----BEGIN ') || text.includes('eyJ') || text.includes('LS0tLS1CRUdJTi') || /b(?:earer|asic)\s/i.test(text);
}

/** Whether a field of this name never belongs in a log. */
export function isSecretField(name: string): boolean {
  return SECRET_FIELD.test(name);
}
