import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";

export type ThemeChoice = "system" | "light" | "dark";
export type ThemeName = "light" | "dark";

/** What drawing outside of the style sheet needs to know; `styles/tokens.css` has the same values. */
export const kThemes = {
  light: { panel: "#f6f6f7", viewport: "#d9dce1", grid: "#a9aeb7", accent: "#9a5b00" },
  dark: { panel: "#1f2126", viewport: "#2a2d33", grid: "#4a4e57", accent: "#f0a53c" },
} as const;

const kStorageKey = "theta.theme";
const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: light)") : undefined;
const systemIsLight = signal(system?.matches ?? false);
system?.addEventListener("change", (event) => (systemIsLight.value = event.matches));

export const themeChoice = signal<ThemeChoice>(readChoice());
export const theme: ReadonlySignal<ThemeName> = computed(() => {
  if (themeChoice.value !== "system") return themeChoice.value;
  return systemIsLight.value ? "light" : "dark";
});

/** Keeps the page in the chosen theme from now on. */
export function applyTheme(): () => void {
  return effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    try {
      localStorage.setItem(kStorageKey, themeChoice.value);
    } catch {
      // A browser that keeps nothing still shows the theme.
    }
  });
}

/** The other theme; and back to the system's choice when that says the same. */
export function toggleTheme(): void {
  const wanted: ThemeName = theme.value === "dark" ? "light" : "dark";
  themeChoice.value = (wanted === "light") === systemIsLight.value ? "system" : wanted;
}

function readChoice(): ThemeChoice {
  try {
    const kept = localStorage.getItem(kStorageKey);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}
