/** So many characters a field; more digits than a number has. */
const kFieldLengthMax = 16;

/** Numbers that are typed during a gesture, one field an axis. Tab goes on to the next. */
export class NumericEntry {
  private readonly fields: string[];
  private active = 0;

  constructor(fieldCount: number) {
    this.fields = Array.from({ length: fieldCount }, () => "");
  }

  /** Whether anything was typed: from then on the numbers count and not the pointer. */
  get isActive(): boolean {
    return this.fields.some((field) => field !== "");
  }

  /** Takes a key as `KeyboardEvent.key` names it; false when it is none of its own. */
  key(key: string): boolean {
    const field = this.fields[this.active]!;
    if (/^[0-9]$/.test(key)) return this.set(field + key);
    if (key === "." || key === ",") return field.includes(".") || this.set(`${field}.`);
    if (key === "-") return this.set(field.startsWith("-") ? field.slice(1) : `-${field}`);
    if (key === "Backspace") return this.isActive && this.set(field.slice(0, -1));
    if (key !== "Tab") return false;
    if (this.isActive) this.active = (this.active + 1) % this.fields.length;
    return true;
  }

  /** One a field; null where nothing, or no number yet, was typed. */
  values(): (number | null)[] {
    return this.fields.map((field) => {
      const value = Number(field);
      return field === "" || field === "-" || !Number.isFinite(value) ? null : value;
    });
  }

  /** As it is shown while it is typed. */
  text(names: readonly string[], unit: string): string {
    const one = (field: string, at: number): string => {
      const cursor = at === this.active ? "▏" : "";
      return `${names[at] ?? ""} ${field === "" ? "0" : field}${cursor}${unit}`.trim();
    };
    return this.fields.map(one).join("  ");
  }

  private set(text: string): boolean {
    if (text.length <= kFieldLengthMax) this.fields[this.active] = text;
    return true;
  }
}
