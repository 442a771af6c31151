/**
 * PEM as the API server reads it, that is as Go's encoding/pem does: text around and between blocks is skipped, headers
 * are read, a block whose body is no base64 is skipped like text. The product's own reader is stricter on purpose.
 */
export type PemBlock = { readonly label: string; readonly headers: boolean; readonly bytes: Uint8Array };

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?)-----END \1-----[ \t\r]*(?=\n|$)/g;

export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(BLOCK)) {
    const lines = (match[2] ?? '').split('\n');
    const body = lines.filter((line) => !line.includes(':')).join('').replace(/[\s]/g, '');
    if (/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body)) {
      blocks.push({ label: match[1] ?? '', headers: lines.some((line) => line.includes(':')), bytes: Buffer.from(body, 'base64') });
    }
  }
  return blocks;
}
