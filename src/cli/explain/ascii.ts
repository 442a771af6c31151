import { Document, isScalar, visit } from 'yaml';

/*
 * Values of an explanation come from whoever made the request: in a terminal a control character or a mark of writing direction would show
 * something else than what is there. So whatever is not printable ASCII is written as an escape, which readers of JSON and YAML undo.
 */

/** Indented JSON with a final newline. */
export function asciiJson(value: unknown): string {
  return `${escaped(JSON.stringify(value, null, 2))}\n`;
}

/** YAML; texts with anything but printable ASCII are in double quotes, where YAML has the escapes of JSON. */
export function asciiYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, scalar) => {
      if (isScalar(scalar) && typeof scalar.value === 'string' && !/^[ -~]*$/.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return escaped(document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity }));
}

function escaped(text: string): string {
  return text.replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
