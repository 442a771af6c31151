/** Why a file cannot be read, in words: whoever has mistyped a name is helped by them more than by the name of a system call. */
export function fileTrouble(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ((error as { code?: unknown }).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user may not read it';
    case 'EISDIR':
      return 'it is a directory';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text';
    default:
      return error.message;
  }
}
