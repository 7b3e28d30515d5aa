/** What stands by itself begins with a capital and ends with a full stop, whoever said it. */
export function asSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return text === "" || /[.!?…]$/.test(text) ? begun : `${begun}.`;
}

/** "1 object", "3,000 objects". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** What an error says to a person. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
