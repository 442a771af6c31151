/**
 * The text with control characters and marks of writing direction written as `\u001b`: in a terminal they would show something else than what
 * is there. Line breaks are among them.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
