import fs from "node:fs";

/** Figures with targets, printed as they come and kept beside those of `theta-bench`, in the same form. */
export class Report {
  lines = [];
  missed = 0;

  /** All targets here are upper bounds. */
  add(name, value, unit, target) {
    const line = { name, value, unit };
    let verdict = "";
    if (target !== undefined) {
      line.target = target;
      line.met = value <= target;
      this.missed += line.met ? 0 : 1;
      verdict = `  (at most ${target}: ${line.met ? "met" : "MISSED"})`;
    }
    console.error(`${name.padEnd(60)} ${String(Number(value.toPrecision(4))).padStart(10)} ${unit}${verdict}`);
    this.lines.push(line);
  }

  note(text) {
    console.error(text);
  }

  /** Over what is in `file`; other parts' figures stay. */
  mergeInto(file) {
    let kept = [];
    if (fs.existsSync(file)) kept = JSON.parse(fs.readFileSync(file, "utf8"));
    for (const line of this.lines) {
      const at = kept.findIndex(({ name }) => name === line.name);
      if (at < 0) kept.push(line);
      else kept[at] = line;
    }
    fs.writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  }
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))] ?? 0;
}
