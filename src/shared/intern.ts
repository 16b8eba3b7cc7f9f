/**
 * The engine's own copy of a text (an interned string). A literal in source code is that copy too, so that comparing the two compares
 * addresses, as a map does
 * before it compares letters. And it is a copy: a part cut out of a longer text keeps all of that text in memory.
 */
export function intern(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}
