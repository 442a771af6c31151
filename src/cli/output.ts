import { Document, isScalar, visit } from 'yaml';
import { printable } from '../core/printable.ts';

export { printable };

/** A value as indented JSON with a final newline. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Longest `[get, list, watch]` that is written in one line, in characters of its items. */
const SHORT_LIST = 60;

/** A value as YAML; several as documents of one stream, as `kubectl apply -f -` takes them. Long texts are not folded. */
export function yamlText(...values: readonly unknown[]): string {
  return values.map(documentText).join('---\n');
}

function documentText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      const length = list.items.reduce<number>((sum, item) => sum + (isScalar(item) ? String(item.value).length : Infinity), 0);
      if (list.items.length > 0 && length <= SHORT_LIST) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/**
 * A table in kubectl's manner: headings in capitals, three spaces between columns, nothing at line ends. A cell may hold what a
 * stranger wrote (a CA's subject), so control characters, which could rewrite the terminal, are shown and not sent.
 * `paint` colours a whole line after its layout, by the row it shows (null: the headings).
 */
export function tableText(headings: readonly string[], rows: readonly (readonly string[])[], paint: (line: string, row: readonly string[] | null) => string = (line) => line): string {
  const lines = [headings, ...rows].map((row) => row.map(printable));
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells, i) => `${paint(cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ').trimEnd(), i === 0 ? null : (rows[i - 1] ?? null))}\n`).join('');
}
