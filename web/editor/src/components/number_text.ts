/** What a number stands for; `value` is always in the base unit: metres, degrees, or none. */
export type Unit = "length" | "angle" | "none";

const kFactors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  length: { m: 1, cm: 0.01, mm: 0.001, km: 1000, in: 0.0254, ft: 0.3048 },
  angle: { "°": 1, deg: 1, rad: 180 / Math.PI, turn: 360 },
  none: { "%": 0.01 },
};
/** Longer texts are no numbers; this also bounds how deep brackets can nest. */
const kTextMax = 200;

/**
 * The value of what somebody typed: a number, with units ("2 ft", "30cm"), or arithmetic over such (`1/3`, `2*(1.5+3)`,
 * `pi/2`). Undefined when it is none, or not finite. Begun by `+=`, `-=`, `*=` or `/=` it changes `current`.
 */
export function parseNumber(text: string, unit: Unit, current = 0): number | undefined {
  const relative = /^\s*([-+*/])=(.*)$/s.exec(text);
  if (relative !== null) {
    const change = parseNumber(relative[2] as string, unit, current);
    return change === undefined ? undefined : finite(operate(relative[1] as string, current, change));
  }
  if (text.length > kTextMax || text.trim() === "") return undefined;
  const tokens = tokenize(text);
  if (tokens === undefined) return undefined;
  const reader = new Reader(tokens, kFactors[unit]);
  const value = reader.sum();
  return reader.atEnd() && value !== undefined ? finite(value) : undefined;
}

/** The shortest text that a person would call this number, in the base unit. */
export function formatNumber(value: number, digits = 3): string {
  const text = value.toFixed(digits);
  const shown = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  if (shown !== "0" && shown !== "-0") return shown;
  // What would read as nothing though it is something is written by its magnitude.
  return value === 0 ? "0" : value.toPrecision(2);
}

/**
 * The same in no more than `characters`: fewer decimals first, then by its magnitude. For a narrow field that nobody
 * types in; who does, sees `formatNumber`.
 */
export function briefNumber(value: number, digits: number, characters: number): string {
  for (let left = digits; left >= 0; --left) {
    const text = formatNumber(value, left);
    if (text.length <= characters) return text;
  }
  for (let left = 3; left > 1; --left) {
    const text = value.toExponential(left - 1).replace(/\.?0*e\+?/, "e");
    if (text.length <= characters) return text;
  }
  return value.toExponential(0).replace("e+", "e");
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function operate(operator: string, left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  return operator === "*" ? left * right : left / right;
}

/** Numbers, words and signs. A comma between digits is a decimal point, as half of the world writes it. */
function tokenize(text: string): string[] | undefined {
  const pattern = /\s*(\d+(?:[.,]\d*)?(?:e[-+]?\d+)?|[.,]\d+(?:e[-+]?\d+)?|[a-z]+|[°%()+\-*/])/giy;
  const tokens: string[] = [];
  const trimmed = text.trim();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (match === null) return undefined;
    tokens.push((match[1] as string).toLowerCase().replace(",", "."));
  }
  return tokens;
}

/** Sums of products of factors; each method leaves the place behind what it read. */
class Reader {
  private place = 0;
  constructor(
    private readonly tokens: readonly string[],
    private readonly factors: Readonly<Record<string, number>>,
  ) {}

  atEnd(): boolean {
    return this.place === this.tokens.length;
  }

  sum(): number | undefined {
    return this.chain(["+", "-"], () => this.chain(["*", "/"], () => this.factor()));
  }

  private chain(operators: readonly string[], operand: () => number | undefined): number | undefined {
    let value = operand();
    while (value !== undefined && operators.includes(this.tokens[this.place] ?? "")) {
      const operator = this.tokens[this.place++] as string;
      const right = operand();
      value = right === undefined ? undefined : operate(operator, value, right);
    }
    return value;
  }

  private factor(): number | undefined {
    const token = this.tokens[this.place++];
    if (token === undefined) return undefined;
    if (token === "-" || token === "+") {
      const value = this.factor();
      return value === undefined ? undefined : token === "-" ? -value : value;
    }
    if (token === "(") {
      const value = this.sum();
      return this.tokens[this.place++] === ")" ? this.inUnit(value) : undefined;
    }
    if (token === "pi") return Math.PI;
    return /^[\d.]/.test(token) ? this.inUnit(Number(token)) : undefined;
  }

  private inUnit(value: number | undefined): number | undefined {
    const unit = this.tokens[this.place] ?? "";
    const factor = Object.hasOwn(this.factors, unit) ? this.factors[unit] : undefined;
    if (value === undefined || factor === undefined) return value;
    ++this.place;
    return value * factor;
  }
}
