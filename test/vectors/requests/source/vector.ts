/** A request and what must become of it. */
export type Vector = Accepted | Refused;

export type Accepted = {
  readonly name: string;
  readonly what: string;
  readonly expect: 'accepted';
  readonly key: string;
  /** RFC 4514 text. */
  readonly subject: string;
  readonly names: readonly string[];
  readonly text: string;
};

export type Refused = {
  readonly name: string;
  readonly what: string;
  readonly expect: 'refused';
  readonly field: string;
  /** Part of what the violation says was found. */
  readonly reason: string;
  /** The accepted vector that differs in the one detail this one is about. */
  readonly twin: string;
  readonly text: string;
};

/** The file of a vector: `header: value` lines, `---`, and the request exactly as it is to be read. */
export function vectorFile(vector: Vector): string {
  const expected =
    vector.expect === 'accepted'
      ? [`key: ${vector.key}`, `subject: ${vector.subject}`, ...vector.names.map((name) => `name: ${name}`)]
      : [`field: ${vector.field}`, `reason: ${vector.reason}`, `twin: ${vector.twin}`];
  return [`what: ${vector.what}`, `expect: ${vector.expect}`, ...expected, '---', vector.text].join('\n');
}

/** Reads what `vectorFile` wrote. Throws when a header is missing, so that no file can expect nothing. */
export function parseVector(name: string, file: string): Vector {
  const end = file.indexOf('\n---\n');
  if (end < 0) throw new Error(`vector ${name} has no --- line`);
  const headers = file.slice(0, end).split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const);
  const one = (key: string): string => {
    const value = headers.find(([header]) => header === key)?.[1];
    if (value === undefined) throw new Error(`vector ${name} has no line "${key}:"`);
    return value;
  };
  const common = { name, what: one('what'), text: file.slice(end + 5) };
  return one('expect') === 'accepted'
    ? { ...common, expect: 'accepted', key: one('key'), subject: one('subject'), names: headers.flatMap(([key, value]) => (key === 'name' ? [value] : [])) }
    : { ...common, expect: 'refused', field: one('field'), reason: one('reason'), twin: one('twin') };
}
