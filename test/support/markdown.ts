/** A fenced block of a Markdown document. */
export type Block = {
  /** The word after the fence: `sh`, `text`, `yaml`; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** The nearest `##` heading above it; empty before the first. */
  readonly section: string;
};

/** Commands of a document with what it says they print. */
export type Step = {
  readonly commands: string;
  /** null: nothing is said about it. */
  readonly output: string | null;
  /** What a reader has written by then: the `yaml` blocks since the step before that begin with `# name.yaml`. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly line: number;
  readonly section: string;
};

/** Every fenced block, in order. A fence that is indented (in a list) counts; its content is outdented alike. */
export function blocks(markdown: string): Block[] {
  const found: Block[] = [];
  let section = '';
  let open: { indent: string; fence: string; language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, indent = '', fence = '', language = ''] = /^( *)(```+)(\S*)\s*$/.exec(line) ?? [];
    if (open === null) {
      if (fence !== '') open = { indent, fence, language, line: index + 1, lines: [] };
      else section = /^## +(.*)$/.exec(line)?.[1] ?? section;
    } else if (fence === open.fence && language === '') {
      found.push({ language: open.language, text: open.lines.join('\n'), line: open.line, section });
      open = null;
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
  }
  if (open !== null) throw new Error(`the fence of line ${open.line} is never closed`);
  return found;
}

/** The `sh` blocks; a `text` block that follows one with no other block between them is its output. */
export function steps(markdown: string): Step[] {
  let files: Step['files'] = [];
  return blocks(markdown).flatMap(({ language, text, line, section }, i, all): Step[] => {
    const name = language === 'yaml' ? /^# ([\w-]+\.yaml)$/m.exec(text.split('\n')[0] ?? '')?.[1] : undefined;
    if (name !== undefined) files = [...files, { name, text: `${text}\n` }];
    if (language !== 'sh') return [];
    const [next, written] = [all[i + 1], files];
    files = [];
    return [{ commands: text, output: next?.language === 'text' ? next.text : null, files: written, line, section }];
  });
}

/**
 * What two runs of a command cannot differ in: one space for many (columns are as wide as their longest cell), and a word for every age,
 * time, random name, hash and Base64 body.
 */
export function stable(text: string): string {
  return text
    .replace(/-----BEGIN (.+?)-----[^-]+-----END \1-----/g, '<PEM $1>')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/(?<![\w.-])(\d+d)?(\d+h)?(\d+m)?(\d+s)?(?<=\d[dhms])(?![\w.-])/g, '<age>')
    .replace(/\b\d+(\.\d+)? (ms|s)\b/g, '<n> $2')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
    .replace(/"seconds":[\d.]+/g, '"seconds":<seconds>')
    .replace(/\bcsr-workload-[a-z0-9]+/g, 'csr-workload-<random>')
    .replace(/\b[0-9a-f]{32,64}\b/g, '<hash>')
    .replace(/(configmap\/signet-)[a-z0-9]{10}\b/g, '$1<hash>')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .join('\n')
    .trim();
}

/** Whether a command printed what the document says, with `…` on a line of its own there for any number of lines. */
export function agrees(expected: string, printed: string): boolean {
  const lines = stable(expected).split('\n').map((line) => (line === '…' ? '(.*\\n)*?' : `${line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\n`));
  return new RegExp(`^${lines.join('')}$`).test(`${stable(printed)}\n`);
}
