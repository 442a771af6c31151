/** Name forms of Kubernetes; each gives undefined for a good name and else what is wrong, in the API server's words. */
export type NameForm = 'subdomain' | 'label' | 'path-segment';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

export function problemOfName(name: string, form: NameForm): string | undefined {
  switch (form) {
    case 'subdomain':
      return problemOfSubdomain(name);
    case 'label':
      return problemOfLabel(name);
    case 'path-segment':
      return problemOfPathSegment(name);
  }
}

/** RFC 1123 subdomain, at most 253 characters. */
export function problemOfSubdomain(name: string): string | undefined {
  if (name.length > 253) return 'must be no more than 253 characters';
  if (SUBDOMAIN.test(name)) return undefined;
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
}

/** RFC 1123 label, at most 63 characters. */
export function problemOfLabel(name: string): string | undefined {
  if (name.length > 63) return 'must be no more than 63 characters';
  if (LABEL.test(name)) return undefined;
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
}

/** The key of a label or annotation: an optional subdomain and slash, then 1-63 characters. */
export function problemOfQualifiedName(name: string): string | undefined {
  const parts = name.split('/');
  const last = parts.at(-1) ?? '';
  if (parts.length > 2) return "a qualified name must consist of an optional DNS subdomain prefix and '/', then a name";
  if (parts.length === 2 && problemOfSubdomain(parts[0] ?? '') !== undefined) return `prefix part ${problemOfSubdomain(parts[0] ?? '') ?? ''}`;
  if (last.length === 0 || last.length > 63 || !QUALIFIED.test(last)) {
    return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  }
  return undefined;
}

/** A label's value: empty, or 1-63 characters of the qualified name's last part. */
export function problemOfLabelValue(value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > 63) return 'must be no more than 63 characters';
  return QUALIFIED.test(value) ? undefined : 'a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character';
}

/** The key of an entry in a Secret or ConfigMap. */
export function problemOfDataKey(key: string): string | undefined {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (key === '.') return "must not be '.'";
  if (key.startsWith('..')) return "must not start with '..'";
  return /^[-._a-zA-Z0-9]+$/.test(key) ? undefined : "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
}

/** Certificate requests and RBAC objects are called as one likes, as long as it fits between two slashes of a path. */
function problemOfPathSegment(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  const found = ['/', '%'].find((character) => name.includes(character));
  return found === undefined ? undefined : `may not contain '${found}'`;
}
